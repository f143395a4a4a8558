//! One preview frame: the face checks of the photo, and whether head and wall are where the document wants them.

use serde::Serialize;
use specs::{Policy, Severity, Spec};

use super::Code;
use crate::check::{CheckReport, Seen, Verdict, assess_face};
use crate::image::Rgb;
use crate::lab::{difference_squared, lab};
use crate::locate::Frame as Axes;
use crate::locate::{fits, lies_in_eyes, plausible};
use crate::vision::{Face, Iris, Mesh, Vision, VisionError};

/// Eye line to chin in distances between the eyes, where no mesh shows the chin.
const CHIN_PER_EYE_DISTANCE: f64 = 1.8;
/// Width of the face in distances between the eyes, where no mesh shows the cheeks.
const FACE_PER_EYE_DISTANCE: f64 = 2.12;

/// A preview frame of the camera.
#[derive(Debug, Clone, Copy)]
pub struct Frame<'a> {
    /// The pixels, best about 480 on the longer side.
    pub image: &'a Rgb,
}

/// What one frame shows.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct FrameReport {
    /// All reasons against taking the photo now, the most important first; empty when all is good.
    pub reasons: Vec<Code>,
    /// The checks of the face, places in pixels of the frame; empty when there is no face.
    pub checks: CheckReport,
}

impl FrameReport {
    /// What to say about this frame alone.
    pub fn code(&self) -> Code {
        self.reasons.first().copied().unwrap_or(Code::Ready)
    }

    fn only(code: Code) -> FrameReport {
        FrameReport { reasons: vec![code], checks: CheckReport::default() }
    }
}

impl Frame<'_> {
    /// Looks at the frame with whatever models are there.
    pub fn assess(&self, spec: &Spec, vision: &dyn Vision) -> FrameReport {
        let mut faces = match vision.faces(self.image) {
            Ok(faces) => faces,
            Err(VisionError::Absent | VisionError::Failed(_)) => return FrameReport::only(Code::NoModel),
        };
        faces.sort_by(|a, b| b.bounds.area().total_cmp(&a.bounds.area()));
        let Some(face) = faces.first().filter(|face| plausible(face)) else { return FrameReport::only(Code::NoFace) };
        let mesh = vision.mesh(self.image, face).ok().filter(|mesh| fits(mesh, face));
        let irises = mesh.as_ref().and_then(|mesh| vision.irises(self.image, mesh).ok().filter(|irises| lies_in_eyes(irises, mesh)));
        let second = faces.get(1).map_or(0.0, |second| second.bounds.area() / face.bounds.area().max(1.0));
        self.judge(spec, face, mesh, irises, second)
    }

    fn judge(&self, spec: &Spec, face: &Face, mesh: Option<Mesh>, irises: Option<[Iris; 2]>, second: f64) -> FrameReport {
        let axes = Axes::new(face.left_eye, face.right_eye);
        let d = axes.eye_distance_px;
        let chin = mesh.as_ref().map_or_else(|| axes.point(0.0, CHIN_PER_EYE_DISTANCE * d), |mesh| mesh.at(152));
        let face_width_px = mesh.as_ref().map_or(FACE_PER_EYE_DISTANCE * d, |mesh| mesh.at(234).distance(mesh.at(454)));
        let seen = Seen {
            image: self.image,
            left_eye: face.left_eye,
            right_eye: face.right_eye,
            chin,
            face_width_px,
            face: Some(*face),
            mesh,
            irises,
            second_face: Some(second),
            original_per_px: 1.0,
            roll_corrected_deg: 0.0,
        };
        let checks = assess_face(&seen, spec.policy());
        let mut reasons = self.framing(spec, &axes, axes.down(chin));
        reasons.extend(checks.checks.iter().filter(|check| check.verdict == Verdict::Fail).filter_map(|check| {
            let low = check.measured.zip(check.min).is_some_and(|(value, min)| value < min);
            reason(check.name, low)
        }));
        let unevenness = self.wall_unevenness(&axes, face_width_px);
        let is_busy = unevenness.and_then(|unevenness| side(spec.policy(), "GuideWall", unevenness, 0.0)).is_some();
        reasons.extend(is_busy.then_some(Code::PlainWall));
        reasons.sort_unstable();
        reasons.dedup();
        FrameReport { reasons, checks }
    }

    /// Size and place of the head against the largest frame of the document's shape in the middle of the picture.
    fn framing(&self, spec: &Spec, axes: &Axes, chin_px: f64) -> Vec<Code> {
        let guide = spec.guide();
        let (width, height) = (self.image.width() as f64, self.image.height() as f64);
        let (frame_width, frame_height) = (width.min(height * guide.aspect), height.min(width / guide.aspect));
        let mut reasons = Vec::new();
        let size = chin_px / ((guide.chin - guide.eye_line).max(0.05) * frame_height);
        let mut say =
            |side: Option<Side>, low: Code, high: Code| reasons.extend(side.map(|side| if side == Side::Low { low } else { high }));
        let policy = spec.policy();
        say(side(policy, "GuideHeadSize", size, 0.0), Code::ComeCloser, Code::GoBack);
        let eyes = axes.origin();
        let across = (eyes.x - width / 2.0) / frame_width;
        say(side(policy, "GuideOffCentre", across, 0.0), Code::MoveRight, Code::MoveLeft);
        // A small head leaves room to move the cut-out: only a head whose place does not fit any cut-out is off.
        let slack = ((1.0 - size) / 2.0).clamp(0.0, 0.25);
        let line = (height - frame_height) / 2.0 + guide.eye_line * frame_height;
        let down = (eyes.y - line) / frame_height;
        say(side(policy, "GuideOffHeight", down, slack), Code::AimHigher, Code::AimLower);
        reasons
    }

    /// Root mean square colour difference of the wall beside and above the head from its mean; `None` when none is seen.
    fn wall_unevenness(&self, axes: &Axes, face_width_px: f64) -> Option<f64> {
        let origin = axes.origin();
        let (clear, top) = (1.15 * face_width_px, origin.y - 1.6 * face_width_px);
        let bottom = origin.y + 0.6 * face_width_px;
        let (mut sum, mut squares, mut count) = ([0f64; 3], 0f64, 0f64);
        for y in (0..self.image.height()).step_by(4).filter(|y| (*y as f64) < bottom) {
            for x in (0..self.image.width()).step_by(4) {
                if (x as f64 - origin.x).abs() > clear || (y as f64) < top {
                    let colour = lab(self.image.at(x as isize, y as isize));
                    (0..3).for_each(|axis| sum[axis] += f64::from(colour[axis]));
                    squares += f64::from(difference_squared(colour, [0.0; 3]));
                    count += 1.0;
                }
            }
        }
        let mean_squared: f64 = sum.iter().map(|v| (v / count).powi(2)).sum();
        (count >= 60.0).then(|| (squares / count - mean_squared).max(0.0).sqrt())
    }
}

/// On which side of its bounds a value lies.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Side {
    Low,
    High,
}

/// Where a value lies that is out of the policy's bounds by more than `slack`; `None` also where there is no such rule or it is off.
fn side(policy: &Policy, name: &str, value: f64, slack: f64) -> Option<Side> {
    let rule = policy.rule(name).filter(|rule| rule.severity != Severity::Off)?;
    if rule.min.is_some_and(|min| value < min - slack) {
        Some(Side::Low)
    } else {
        rule.max.is_some_and(|max| value > max + slack).then_some(Side::High)
    }
}

/// The instruction that a failed check asks for; `None` for what nobody can mend before the camera.
fn reason(name: &str, low: bool) -> Option<Code> {
    Some(match name {
        "SingleFacePresent" => Code::SecondFace,
        "HeadPoseYaw" => Code::FaceCamera,
        "HeadPosePitch" => {
            if low {
                Code::ChinUp
            } else {
                Code::ChinDown
            }
        }
        "HeadPoseRoll" => Code::HoldUpright,
        "EyesOpen" => Code::OpenEyes,
        "MouthClosed" => Code::CloseMouth,
        "LuminanceMean" => {
            if low {
                Code::MoreLight
            } else {
                Code::LessLight
            }
        }
        "UnderExposurePrevention" => Code::MoreLight,
        "OverExposurePrevention" => Code::LessLight,
        "HalfFaceShade" => Code::EvenLight,
        "GlassesGlare" => Code::AvoidGlare,
        "Sharpness" | "MotionBlur" => Code::HoldStill,
        _ => return None,
    })
}
