//! MediaPipe's face mesh (468 points) and iris network, each on a square turned with the head.
//!
//! Squares follow MediaPipe's graphs: 1.5 times the face for the mesh, 2.3 times the eye for the iris.

use photo::{Face, Iris, Mesh, Point, Rgb};

use crate::ModelsError;
use crate::network::{Channels, Network, push_planes};
use crate::patch::Patch;

const MESH_SIDE: usize = 192;
const IRIS_SIDE: usize = 64;
/// Side of the square in sizes of the face.
const MESH_MARGIN: f64 = 1.5;
/// Side of the square in widths of the eye.
const IRIS_MARGIN: f64 = 2.3;
/// Face height from the upper edge of the brows to the chin, in distances from the eyes to the mouth, for the first square.
const FACE_PER_MOUTH: f64 = 2.3;
/// Outer and inner corner of the eye on the left of the picture, then inner and outer of the one on the right.
const EYE_CORNERS: [usize; 4] = [33, 133, 362, 263];
/// Below this the network says that it sees no face.
const LEAST_PRESENCE: f64 = 0.5;

/// Both networks; the second may be missing.
pub(crate) struct FaceMesh {
    mesh: Network,
    iris: Option<Network>,
}

impl FaceMesh {
    pub(crate) fn load(mesh: &[u8], iris: Option<&[u8]>) -> Result<FaceMesh, ModelsError> {
        let iris = iris.map(Network::load).transpose()?;
        Ok(FaceMesh { mesh: Network::load(mesh)?, iris })
    }

    pub(crate) fn has_iris(&self) -> bool {
        self.iris.is_some()
    }

    /// The surface of a face; `None` when the network sees none there.
    pub(crate) fn mesh(&self, image: &Rgb, face: &Face) -> Result<Option<Mesh>, ModelsError> {
        let eyes = face.left_eye.middle(face.right_eye);
        let mouth = face.mouth_left.middle(face.mouth_right);
        let size = (FACE_PER_MOUTH * eyes.distance(mouth)).max(face.bounds.width());
        let middle = Point::new(eyes.x + 0.4 * (mouth.x - eyes.x), eyes.y + 0.4 * (mouth.y - eyes.y));
        let first = self.look(image, &Patch::along(middle, MESH_MARGIN * size, face.left_eye, face.right_eye))?;
        // The five points are rough; a second look from the mesh itself is what MediaPipe does from frame to frame.
        let Some(first) = first else { return Ok(None) };
        let (left, right) = (first.at(EYE_CORNERS[0]), first.at(EYE_CORNERS[3]));
        let (centre, size) = extent(&first, left, right);
        self.look(image, &Patch::along(centre, MESH_MARGIN * size, left, right))
    }

    fn look(&self, image: &Rgb, patch: &Patch) -> Result<Option<Mesh>, ModelsError> {
        let mut input = Vec::with_capacity(3 * MESH_SIDE * MESH_SIDE);
        push_planes(&patch.cut(image, MESH_SIDE), Channels::Rgb, &mut input, |_, v| v / 255.0);
        let [points, presence] = self.mesh.run(&input, [1, 3, MESH_SIDE, MESH_SIDE], ["conv2d_21", "conv2d_31"])?;
        let presence = 1.0 / (1.0 + (-f64::from(presence.first().copied().unwrap_or(f32::NEG_INFINITY))).exp());
        if presence < LEAST_PRESENCE {
            return Ok(None);
        }
        let side = MESH_SIDE as f64;
        let points = points.as_chunks::<3>().0.iter().map(|&[x, y, z]| {
            let point = patch.outward(f64::from(x) / side, f64::from(y) / side);
            [point.x, point.y, f64::from(z) / side * patch.side_px()]
        });
        Ok(Mesh::new(points.collect(), presence))
    }

    /// Both irises; `None` where a network answers with nonsense.
    pub(crate) fn irises(&self, image: &Rgb, mesh: &Mesh) -> Result<Option<[Iris; 2]>, ModelsError> {
        let Some(network) = &self.iris else { return Ok(None) };
        let [left_outer, left_inner, right_inner, right_outer] = EYE_CORNERS.map(|index| mesh.at(index));
        let eye = |from: Point, to: Point| Patch::along(from.middle(to), IRIS_MARGIN * from.distance(to), from, to);
        // The network was trained on the sitter's left eye, which is on the right of the picture; the other is shown mirrored.
        let left = iris(network, image, &eye(left_outer, left_inner).mirrored())?;
        let right = iris(network, image, &eye(right_inner, right_outer))?;
        Ok(left.zip(right).map(|(left, right)| [left, right]))
    }
}

/// Centre and size of a mesh along the axis of the eyes.
fn extent(mesh: &Mesh, left: Point, right: Point) -> (Point, f64) {
    let length = left.distance(right).max(1e-6);
    let (cos, sin) = ((right.x - left.x) / length, (right.y - left.y) / length);
    let mut low = [f64::MAX; 2];
    let mut high = [f64::MIN; 2];
    for [x, y, _] in mesh.points() {
        for (axis, value) in [x * cos + y * sin, y * cos - x * sin].into_iter().enumerate() {
            low[axis] = low[axis].min(value);
            high[axis] = high[axis].max(value);
        }
    }
    let (u, v) = ((low[0] + high[0]) / 2.0, (low[1] + high[1]) / 2.0);
    (Point::new(u * cos - v * sin, u * sin + v * cos), (high[0] - low[0]).max(high[1] - low[1]))
}

fn iris(network: &Network, image: &Rgb, patch: &Patch) -> Result<Option<Iris>, ModelsError> {
    let mut input = Vec::with_capacity(3 * IRIS_SIDE * IRIS_SIDE);
    push_planes(&patch.cut(image, IRIS_SIDE), Channels::Rgb, &mut input, |_, v| v / 255.0);
    let [ring] = network.run(&input, [1, 3, IRIS_SIDE, IRIS_SIDE], ["output_iris"])?;
    let side = IRIS_SIDE as f64;
    let points: Vec<Point> =
        ring.as_chunks::<3>().0.iter().map(|&[x, y, _]| patch.outward(f64::from(x) / side, f64::from(y) / side)).collect();
    let [centre, around @ ..] = points.as_slice() else { return Ok(None) };
    let radius_px = around.iter().map(|p| p.distance(*centre)).sum::<f64>() / around.len().max(1) as f64;
    Ok((centre.x.is_finite() && centre.y.is_finite() && radius_px.is_finite()).then_some(Iris { centre: *centre, radius_px }))
}
