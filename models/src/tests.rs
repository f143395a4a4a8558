//! The manifest, the model folder, downloads from a server of our own, and MTCNN with its real weights.
#![allow(clippy::unwrap_used, reason = "tests")]

use std::io::{Read, Write};
use std::net::TcpListener;
use std::path::{Path, PathBuf};

use photo::{Rgb, Vision};

use crate::manifest::sha256;
use crate::network::{Channels, push_planes};
use crate::*;

pub(crate) const SETUP: &str = "run `cargo xtask setup`: it brings models/weights by pip";

pub(crate) fn weights() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("weights")
}

pub(crate) fn astronaut() -> Rgb {
    let bytes = std::fs::read(weights().join("astronaut.png")).expect(SETUP);
    photo::upright::upright(photo::decode::decode(&bytes).unwrap()).image
}

fn models() -> Models {
    let models = Models::load(&weights(), None).unwrap();
    assert!(models.finds_faces(), "{SETUP}");
    models
}

#[test]
fn manifest_names_each_file_once_and_hashes_are_hex() {
    let mut files: Vec<&str> = manifest().iter().map(|m| m.file.as_str()).collect();
    files.sort_unstable();
    files.dedup();
    assert_eq!(files.len(), manifest().len());
    for model in manifest() {
        assert_eq!(hex::decode(&model.sha256).unwrap().len(), 32, "{}", model.name);
        assert!(!model.measures.is_empty() && !model.licence.is_empty(), "{}", model.name);
        assert_eq!(model.commit.is_empty(), model.origin == Origin::Package, "{}", model.name);
    }
}

#[test]
fn sources_for_setup_agree_with_the_manifest() {
    let sources = std::fs::read_to_string(weights().join("sources.txt")).unwrap();
    for model in manifest().iter().filter(|m| m.origin == Origin::Package) {
        let line = format!("{}  {}  {}  {}", model.repository, model.path, model.file, model.sha256);
        assert!(sources.lines().any(|l| l == line), "{line}");
    }
}

#[test]
fn an_empty_folder_is_no_error() {
    let dir = tempfile::tempdir().unwrap();
    let states = list(dir.path());
    assert_eq!(states.len(), manifest().len());
    let yunet = states.iter().find(|s| s.name == "yunet-640").unwrap();
    assert_eq!(yunet.present, Presence::Absent);
    Models::load(dir.path(), None).unwrap();
}

#[test]
fn import_takes_the_real_file_and_refuses_another_one_of_its_name() {
    let (from, to) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    std::fs::copy(weights().join("onet.onnx"), from.path().join("onet.onnx")).expect(SETUP);
    std::fs::write(from.path().join("yunet_n_640.onnx"), b"something else").unwrap();
    std::fs::write(from.path().join("unknown.onnx"), b"not looked at").unwrap();
    let report = import(from.path(), to.path()).unwrap();
    assert_eq!(report.taken, ["mtcnn-onet"], "{report:?}");
    assert_eq!(report.refused.len(), 1);
    assert!(report.refused[0].1.contains("SHA-256"), "{}", report.refused[0].1);
    assert!(!to.path().join("yunet_n_640.onnx").exists());
    assert!(!to.path().join("unknown.onnx").exists());
    assert_eq!(import(from.path(), to.path()).unwrap().kept, ["mtcnn-onet"]);
    assert!(!to.path().join("onet.part").exists());
}

#[test]
fn a_wrong_file_in_the_folder_is_shown_and_not_used() {
    let dir = tempfile::tempdir().unwrap();
    std::fs::write(dir.path().join("yunet_n_320.onnx"), b"other").unwrap();
    let states = list(dir.path());
    assert_eq!(states.iter().find(|s| s.name == "yunet-320").unwrap().present, Presence::WrongHash);
}

/// Answers each request with `status` and `body`, and returns its own address.
fn server(status: &'static str, body: &'static [u8], requests: usize) -> (String, std::thread::JoinHandle<Vec<String>>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = format!("http://{}", listener.local_addr().unwrap());
    let handle = std::thread::spawn(move || {
        let mut paths = Vec::new();
        for _ in 0..requests {
            let (mut stream, _) = listener.accept().unwrap();
            let mut head = Vec::new();
            let mut byte = [0];
            while !head.ends_with(b"\r\n\r\n") && stream.read(&mut byte).unwrap() == 1 {
                head.push(byte[0]);
            }
            paths.push(String::from_utf8_lossy(&head).lines().next().unwrap_or_default().to_owned());
            let length = body.len();
            write!(stream, "HTTP/1.1 {status}\r\ncontent-length: {length}\r\nconnection: close\r\n\r\n").unwrap();
            stream.write_all(body).unwrap();
        }
        paths
    });
    (address, handle)
}

fn fetchable() -> usize {
    manifest().iter().filter(|m| m.origin == Origin::Fetch).count()
}

#[test]
fn fetch_asks_for_repository_commit_and_path_and_refuses_a_wrong_file() {
    let dir = tempfile::tempdir().unwrap();
    let (address, handle) = server("200 OK", b"not a model", fetchable());
    let mut heard = Vec::new();
    let report = fetch(dir.path(), Some(&address), &mut |name| heard.push(name.to_owned())).unwrap();
    let paths = handle.join().unwrap();
    assert!(paths[0].starts_with("GET /ShiqiYu/libfacedetection.train/0047ac24"), "{}", paths[0]);
    assert_eq!(heard.len(), fetchable());
    assert_eq!(report.refused.len(), fetchable());
    assert!(report.refused[0].1.contains("SHA-256"));
    assert_eq!(std::fs::read_dir(dir.path()).unwrap().count(), 0);
}

#[test]
fn fetch_tells_what_to_do_when_nothing_answers() {
    let dir = tempfile::tempdir().unwrap();
    // A port that was just free and is closed again.
    let address = format!("http://{}", TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap());
    let report = fetch(dir.path(), Some(&address), &mut |_| {}).unwrap();
    assert_eq!(report.refused.len(), fetchable());
    let (name, reason) = &report.refused[0];
    assert_eq!(name, "yunet-640");
    assert!(reason.contains("works without it") && reason.contains("models import"), "{reason}");
}

#[test]
fn fetch_stops_a_server_that_sends_too_much() {
    let dir = tempfile::tempdir().unwrap();
    let endless: &'static [u8] = Box::leak(vec![7u8; 2_000_000].into_boxed_slice());
    let listener_limit = fetchable();
    let (address, handle) = {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = format!("http://{}", listener.local_addr().unwrap());
        let handle = std::thread::spawn(move || {
            for _ in 0..listener_limit {
                let (mut stream, _) = listener.accept().unwrap();
                let mut head = [0; 2048];
                let _ = stream.read(&mut head).unwrap();
                let _ = write!(stream, "HTTP/1.1 200 OK\r\nconnection: close\r\n\r\n");
                let _ = stream.write_all(endless);
            }
        });
        (address, handle)
    };
    let report = fetch(dir.path(), Some(&address), &mut |_| {}).unwrap();
    handle.join().unwrap();
    assert_eq!(report.refused.len(), fetchable());
    assert_eq!(std::fs::read_dir(dir.path()).unwrap().count(), 0);
}

#[test]
fn weights_here_are_the_ones_of_the_manifest() {
    for model in manifest().iter().filter(|m| m.origin == Origin::Package) {
        let bytes = std::fs::read(weights().join(&model.file)).expect(SETUP);
        assert_eq!(sha256(&bytes), model.sha256, "{}", model.file);
        assert_eq!(bytes.len() as u64, model.bytes, "{}", model.file);
    }
}

#[test]
fn one_face_is_found_with_its_points_in_place() {
    let faces = models().faces(&astronaut()).unwrap();
    assert_eq!(faces.len(), 1);
    let face = faces[0];
    assert!(face.score > 0.99);
    let near = |point: photo::Point, x: f64, y: f64| assert!(point.distance(photo::Point::new(x, y)) < 6.0, "{point:?}");
    near(face.left_eye, 203.0, 101.0);
    near(face.right_eye, 247.0, 102.0);
    near(face.nose, 224.0, 128.0);
    near(face.mouth_left, 203.0, 141.0);
    near(face.mouth_right, 245.0, 141.0);
}

#[test]
fn channels_are_read_as_red_green_blue() {
    let one = Rgb::from_pixels(1, 1, vec![[255, 0, 127]]).unwrap();
    let mut input = Vec::new();
    push_planes(&one, Channels::Rgb, &mut input, crate::mtcnn::normalized);
    assert_eq!(input, [127.5 / 128.0, -127.5 / 128.0, -0.5 / 128.0]);
    input.clear();
    push_planes(&one, Channels::Bgr, &mut input, |channel, value| value + channel as f32);
    assert_eq!(input, [129.0, 1.0, 255.0]);
}

#[test]
fn an_empty_wall_has_no_face() {
    let wall = Rgb::filled(480, 640, [200, 205, 210]);
    assert!(models().faces(&wall).unwrap().is_empty());
}

#[test]
fn two_people_are_two_faces() {
    let one = astronaut();
    let mut both = Vec::new();
    for row in one.pixels().chunks_exact(one.width()) {
        both.extend_from_slice(row);
        both.extend_from_slice(row);
    }
    let both = Rgb::from_pixels(one.width() * 2, one.height(), both).unwrap();
    assert_eq!(models().faces(&both).unwrap().len(), 2);
}

#[test]
fn a_real_portrait_becomes_an_identity_photo() {
    let bytes = std::fs::read(weights().join("astronaut.png")).expect(SETUP);
    let spec = specs::find("cn-id-card").unwrap();
    let made = photo::standardize(&bytes, spec, &models(), None, &mut |_| {}).unwrap();
    assert_eq!((made.width_px, made.height_px, made.dpi), (358, 441, 350));
    assert_eq!(made.located_by, photo::LocatedBy::Model);
    for name in ["FaceWidth", "HairTop", "EyesFromBottom", "FileSize", "SingleFacePresent"] {
        let check = made.report.get(name).unwrap();
        assert_eq!(check.verdict, photo::Verdict::Pass, "{check:?}");
    }
    // 43 pixels between the eyes are too few for this document, and that is said.
    assert_eq!(made.report.get("InterEyeDistance").unwrap().verdict, photo::Verdict::Fail);
    let chin = made.marks.chin;
    assert!((chin.y - 177.5).abs() < 8.0, "{chin:?}");
}

#[test]
fn sessions_are_shared_between_threads() {
    let models = models();
    let image = astronaut();
    std::thread::scope(|scope| {
        let workers: Vec<_> = (0..3).map(|_| scope.spawn(|| models.faces(&image).unwrap().len())).collect();
        assert!(workers.into_iter().all(|worker| worker.join().unwrap() == 1));
    });
}

/// A square photograph with sides in pixels, at these places of a grey picture.
fn placed(picture_px: usize, one: &Rgb, placed: &[(usize, usize, usize)]) -> Rgb {
    let mut all = Rgb::filled(picture_px, picture_px, [200; 3]);
    for &(side, left, top) in placed {
        let head = one.area_resized(side, side);
        for y in 0..side {
            for x in 0..side {
                all.pixels_mut()[(top + y) * picture_px + left + x] = head.at(x as isize, y as isize);
            }
        }
    }
    all
}

#[test]
fn a_large_face_is_found_on_the_small_picture_and_a_second_one_on_the_large_picture() {
    // The same head small beside large: 0.2 of the area counts as a second person and is only seen on the larger picture.
    assert_eq!(models().faces(&placed(1_024, &astronaut(), &[(512, 0, 0), (230, 700, 700)])).unwrap().len(), 2);
}

#[test]
fn a_second_face_that_just_counts_is_found_wherever_it_is() {
    // The head alone, so that the first face is large enough for the search on the small picture to be the only one.
    let rows = astronaut().pixels().chunks_exact(512).skip(20).take(220).flat_map(|row| row[110..330].to_vec()).collect();
    let head = Rgb::from_pixels(220, 220, rows).unwrap();
    let models = models();
    // The second head has 0.42² = 0.18 of the area of the first; 0.15 counts.
    for (left, top) in [(440, 0), (440, 250), (0, 440), (250, 440), (440, 440), (839, 839)] {
        let faces = models.faces(&placed(1_024, &head, &[(440, 0, 0), (185, left, top)])).unwrap();
        let largest = faces.iter().map(|face| face.bounds.area()).fold(0.0, f64::max);
        let counting = faces.iter().filter(|face| face.bounds.area() >= photo::locate::SECOND_FACE_SHARE * largest);
        assert_eq!(counting.count(), 2, "{left} {top}: {faces:?}");
    }
}

#[test]
fn parts_of_a_large_face_are_not_further_faces_and_a_face_beside_it_is() {
    let (image, faces) = (astronaut().area_resized(320, 320), models().faces(&astronaut()).unwrap());
    let mtcnn = models().detector.mtcnn.unwrap();
    let [face] = faces[..] else { panic!("{faces:?}") };
    let known = face.scaled(320.0 / 512.0);
    let all = 18.0..f64::INFINITY;
    assert_eq!(mtcnn.faces(&image, all.clone(), &[]).unwrap().len(), 1);
    assert!(mtcnn.faces(&image, all.clone(), &[known]).unwrap().is_empty());
    // The same face is one to find where the known one covers only half of it.
    let mut beside = known;
    beside.bounds.left -= 0.5 * known.bounds.width();
    beside.bounds.right -= 0.5 * known.bounds.width();
    assert_eq!(mtcnn.faces(&image, all, &[beside]).unwrap().len(), 1);
}

/// Tests with models and photos that no package brings.
#[cfg(feature = "outside-data")]
mod outside_data {
    use super::*;

    fn data(path: &str) -> PathBuf {
        let folder = std::env::var_os("HUIZHI_TEST_DATA").expect("HUIZHI_TEST_DATA names the folder with models/ and photos/");
        Path::new(&folder).join(path)
    }

    fn all() -> Models {
        let dir = tempfile::tempdir().unwrap();
        let report = import(&data("models"), dir.path()).unwrap();
        assert!(report.refused.is_empty(), "{report:?}");
        Models::load(dir.path(), None).unwrap()
    }

    #[test]
    fn every_network_does_its_work_on_a_real_face() {
        let (models, image) = (all(), astronaut());
        assert_eq!(models.name(), "yunet+face-mesh+iris+selfie-segmentation");
        let faces = models.faces(&image).unwrap();
        assert_eq!(faces.len(), 1);
        let mesh = models.mesh(&image, &faces[0]).unwrap();
        let near = |point: photo::Point, x: f64, y: f64| assert!(point.distance(photo::Point::new(x, y)) < 3.0, "{point:?}");
        near(mesh.at(1), 223.0, 131.0);
        near(mesh.at(152), 220.0, 176.0);
        let irises = models.irises(&image, &mesh).unwrap();
        near(irises[0].centre, 203.5, 101.0);
        near(irises[1].centre, 246.5, 103.0);
        assert!(irises.iter().all(|iris| (2.5..5.5).contains(&iris.radius_px)), "{irises:?}");
        let mask = models.person_mask(&image).unwrap();
        assert!(mask.values[mask.width * 50 + 110] > 0.9 && mask.values[0] < 0.1);
    }

    #[test]
    fn every_mask_network_agrees_with_a_known_alpha() {
        let file = |name: &str| photo::decode::decode(&std::fs::read(data(name)).unwrap()).unwrap().image;
        let (picture, alpha) = (file("photos/p3m_22fc0130.jpg"), file("photos/p3m_22fc0130_alpha.png"));
        for kind in crate::mask::Kind::ALL {
            let bytes = std::fs::read(data("models").join(&manifest().iter().find(|m| m.name == kind.name()).unwrap().file)).unwrap();
            let mask = crate::mask::Mask::load(kind, &bytes).unwrap().person(&picture).unwrap().unwrap();
            let truth = alpha.area_resized(mask.width, mask.height);
            let (mut both, mut either) = (0.0, 0.0);
            for (value, pixel) in mask.values.iter().zip(truth.pixels()) {
                let (mask, truth) = (*value > 0.5, pixel[0] > 127);
                both += f64::from(u8::from(mask && truth));
                either += f64::from(u8::from(mask || truth));
            }
            assert!(both / either > 0.95, "{kind:?}: {}", both / either);
        }
    }

    #[test]
    fn the_mesh_of_a_wall_is_none() {
        let wall = Rgb::filled(480, 640, [200, 205, 210]);
        let face = all().faces(&astronaut()).unwrap()[0];
        assert!(matches!(all().mesh(&wall, &face), Err(photo::VisionError::Absent)));
    }
}
