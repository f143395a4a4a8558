//! The matte against scenes of which every alpha is known: better than a colour key and than a bare mask, and honest about itself.

use std::sync::OnceLock;

use image::ImageFormat;
use photo::matte::{MIN_CONFIDENCE, PlateFault, PlateUse, matte};
use photo::{NoVision, Rgb, Shot, Verdict, prepare, standardize};
use specs::{Spec, find};
use studio::{Clothes, Drawn, Hair, Method, Scene, Scores, Scripted, Wall, file, located, matting_trial};

/// Small enough for a debug build, large enough for hair.
const HEIGHT: u32 = 640;
const WHITE: [u8; 3] = [255; 3];

fn id_card() -> &'static Spec {
    find("cn-id-card").unwrap()
}

fn scene(wall: Wall) -> Scene {
    Scene::new(HEIGHT, wall)
}

fn scores(scene: &Scene, drawn: &Drawn, method: Method) -> Scores {
    matting_trial(scene, drawn, id_card(), method, WHITE).scores
}

/// Scenes of ordinary hair and clothes before every wall, drawn once.
fn ordinary(wall: Wall) -> &'static (Scene, Drawn) {
    static DRAWN: OnceLock<Vec<(Scene, Drawn)>> = OnceLock::new();
    let all = DRAWN.get_or_init(|| {
        Wall::ALL
            .into_iter()
            .map(|wall| {
                let scene = Scene { long_hair: matches!(wall, Wall::Grey | Wall::Shaded), ..scene(wall) };
                (scene, scene.draw())
            })
            .collect()
    });
    all.iter().find(|(scene, _)| scene.wall == wall).unwrap()
}

const PLAIN: [Wall; 5] = [Wall::White, Wall::Grey, Wall::LightBlue, Wall::Shaded, Wall::Gradient];

#[test]
fn before_every_plain_wall_the_cut_beats_a_colour_key_and_a_perfect_mask() {
    for wall in PLAIN {
        let (scene, drawn) = ordinary(wall);
        let [ours, key, mask] = [Method::Ours, Method::ColourKey, Method::PerfectMask256].map(|method| scores(scene, drawn, method));
        let all = format!("{wall:?}\n{ours:?}\n{key:?}\n{mask:?}");
        // Faint hair inside a shadow is partly taken for shadow: there alpha is only as good as the perfect mask's, its edges are better.
        let (sad, mse) = if wall == Wall::Shaded { (1.0, 0.85) } else { (1.4, 1.8) };
        assert!(ours.sad * 2.0 < key.sad && ours.sad * sad < mask.sad, "{all}");
        assert!(ours.mse * 3.0 < key.mse && ours.mse * mse < mask.mse, "{all}");
        assert!(ours.gradient * 2.0 < key.gradient && ours.gradient * 2.0 < mask.gradient, "{all}");
        assert!(
            ours.fringe_delta_e < 6.0 && ours.fringe_delta_e < key.fringe_delta_e && ours.fringe_delta_e * 1.3 < mask.fringe_delta_e,
            "{all}"
        );
        assert!(ours.confidence.unwrap() > MIN_CONFIDENCE, "{all}");
    }
}

#[test]
fn a_clean_plate_makes_a_busy_wall_usable() {
    let (scene, drawn) = ordinary(Wall::Busy);
    let (with, without) = (scores(scene, drawn, Method::OursWithPlate), scores(scene, drawn, Method::Ours));
    assert!(with.sad * 4.0 < without.sad && with.fringe_delta_e * 1.5 < without.fringe_delta_e, "{with:?}\n{without:?}");
    assert!(with.confidence.unwrap() > MIN_CONFIDENCE && without.confidence.unwrap() < MIN_CONFIDENCE, "{with:?}\n{without:?}");
}

#[test]
fn a_clean_plate_takes_a_shadow_for_a_shadow() {
    let (scene, drawn) = ordinary(Wall::Shaded);
    let (with, without) = (scores(scene, drawn, Method::OursWithPlate), scores(scene, drawn, Method::Ours));
    assert!(with.sad < without.sad && with.mse < without.mse, "{with:?}\n{without:?}");
}

#[test]
fn a_mask_network_helps_where_colours_do_not() {
    let scene = Scene { hair: Hair::Grey, clothes: Clothes::White, ..scene(Wall::White) };
    let drawn = scene.draw();
    let (with, without) = (scores(&scene, &drawn, Method::OursWithPerfectMask), scores(&scene, &drawn, Method::Ours));
    assert!(with.sad * 1.5 < without.sad, "{with:?}\n{without:?}");
}

#[test]
fn what_cannot_be_told_apart_is_not_trusted() {
    let like_the_wall = [
        Scene { hair: Hair::Grey, long_hair: true, ..scene(Wall::Grey) },
        Scene { clothes: Clothes::White, ..scene(Wall::White) },
        Scene { hair: Hair::Brown, ..scene(Wall::Busy) },
    ];
    for scene in like_the_wall {
        let scores = scores(&scene, &scene.draw(), Method::Ours);
        assert!(scores.confidence.unwrap() < MIN_CONFIDENCE, "{scene:?} {scores:?}");
    }
}

fn vision(scene: &Scene) -> Scripted {
    Scripted { width: scene.width, faces: vec![scene.face()] }
}

#[test]
fn an_inseparable_wall_is_refused_only_where_it_must_be_replaced() {
    let (scene, drawn) = ordinary(Wall::Busy);
    let bytes = file(&drawn.picture, ImageFormat::Png);
    let refusal = standardize(&bytes, id_card(), &vision(scene), None, &mut |_| {}).unwrap_err();
    assert_eq!(refusal.code(), "background_not_separable");
    assert!(refusal.message().zh.contains("纯色墙") && refusal.message().en.contains("plain wall"), "{:?}", refusal.message());
    let keeps = find("jp-passport").unwrap().text().replacen("\"retouch\"", "\"retouch\", \"background_replacement\"", 1);
    let made = standardize(&bytes, &Spec::parse("x", &keeps).unwrap(), &vision(scene), None, &mut |_| {}).unwrap();
    assert_eq!(made.report.get("BackgroundUniformity").unwrap().verdict, Verdict::Fail);
}

#[test]
fn a_clean_plate_is_used_when_it_fits_and_refused_with_a_reason_when_not() {
    let plate = |drawn: &Drawn| file(&drawn.plate, ImageFormat::Png);
    let (plain, busy) = (ordinary(Wall::Grey), ordinary(Wall::Busy));
    let small = Scene::new(HEIGHT / 2, Wall::Grey).draw();
    // The plain wall gives a photo with any plate and with none, so what became of the plate is always told.
    let plates = [
        (plate(&plain.1), PlateUse::Used),
        (plate(&small), PlateUse::Refused(PlateFault::OtherSize)),
        (plate(&busy.1), PlateUse::Refused(PlateFault::OtherWall)),
        (b"no picture".to_vec(), PlateUse::Refused(PlateFault::Unreadable)),
    ];
    let made = |(scene, drawn): &(Scene, Drawn), plate: &[u8]| {
        let bytes = file(&drawn.picture, ImageFormat::Png);
        let shot = Shot { bytes: &bytes, plate: Some(plate), ..Shot::default() };
        prepare(&shot, &[id_card()], &vision(scene), &mut |_| {}).unwrap().photo(id_card(), &mut |_| {})
    };
    for (plate, expected) in plates {
        assert_eq!(made(plain, &plate).unwrap().plate, expected);
    }
    // Before a busy wall the plate makes the difference between a photo and none.
    assert_eq!(made(busy, &plate(&busy.1)).unwrap().plate, PlateUse::Used);
    assert_eq!(made(busy, &plate(&plain.1)).unwrap_err().code(), "background_not_separable");
}

#[test]
fn alpha_is_a_share_fits_the_picture_and_is_always_the_same() {
    for wall in [Wall::Shaded, Wall::Busy] {
        let (scene, drawn) = ordinary(wall);
        let cut = || matte(located(scene, drawn), &[id_card()], &NoVision, None);
        let (one, two) = (cut(), cut());
        assert_eq!((one.alpha.width, one.alpha.height), (one.image.width(), one.image.height()));
        assert_eq!((one.foreground.width(), one.foreground.height()), (one.image.width(), one.image.height()));
        assert!(one.alpha.values.iter().all(|a| (0.0..=1.0).contains(a)));
        assert!((0.0..=1.0).contains(&one.confidence));
        assert_eq!((one.alpha, one.foreground, one.confidence), (two.alpha, two.foreground, two.confidence));
    }
}

#[test]
fn a_badge_in_the_colour_of_the_wall_is_no_hole() {
    let (scene, drawn) = ordinary(Wall::Grey);
    let mut picture = drawn.picture.clone();
    let (x, y) = (scene.eyes.0 as usize, (scene.eyes.1 + 3.4 * scene.eye_distance) as usize);
    let width = picture.width();
    let wall = picture.pixels()[10 * width + 10];
    for v in y - 12..y + 12 {
        picture.pixels_mut()[v * width + x - 12..v * width + x + 12].fill(wall);
    }
    let changed = Drawn { picture, ..drawn.clone() };
    let cut = matte(located(scene, &changed), &[id_card()], &NoVision, None);
    let inside = cut.window.inward(photo::Point::new(x as f64, y as f64));
    assert_eq!(cut.alpha.at(inside.x as usize, inside.y as usize), 1.0);
}

/// Mean excess of blue over red on white, in pixels that are neither white nor blue clothes.
fn blueness(picture: &Rgb, rows: usize) -> f64 {
    let own: Vec<f64> = picture.pixels()[..rows * picture.width()]
        .iter()
        .filter(|p| p.iter().any(|v| *v < 235))
        .map(|p| (f64::from(p[2]) - f64::from(p[0])).max(0.0))
        .collect();
    own.iter().sum::<f64>() / own.len().max(1) as f64
}

#[test]
fn no_blue_of_the_wall_stays_in_the_hair() {
    let (scene, drawn) = ordinary(Wall::LightBlue);
    let ours = matting_trial(scene, drawn, id_card(), Method::Ours, WHITE);
    let key = matting_trial(scene, drawn, id_card(), Method::ColourKey, WHITE);
    let rows = ours.composite.height() / 2;
    let (ours, key) = (blueness(&ours.composite, rows), blueness(&key.composite, rows));
    assert!(ours < 1.0 && ours * 6.0 < key, "{ours} {key}");
}
