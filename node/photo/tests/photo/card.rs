//! Cards drawn on a table: found where they are, and each fault named once it is strong enough.

use image::imageops::fast_blur;
use image::{ImageFormat, RgbImage};
use photo::Rgb;
use photo::card::{CardReport, Side, State, assess, assess_file};
use studio::{CARD, DrawnCard, bytes};

const TABLES: [[u8; 3]; 4] = [[86, 66, 50], [40, 44, 52], [150, 110, 70], [60, 90, 70]];

/// Differently laid cards on different tables.
fn cards() -> impl Iterator<Item = DrawnCard> {
    (0..8u32).map(|seed| DrawnCard {
        seed: seed + 1,
        table: TABLES[(seed % 4) as usize],
        tilt_deg: [-9.0, -4.0, 0.0, 3.0, 7.0, 10.0, -1.5, 5.0][seed as usize],
        length_px: 400.0 + 14.0 * f64::from(seed),
        perspective: 0.01 * f64::from(seed),
        emblem: seed % 2 == 1,
        centre: (318.0 + f64::from(seed), 244.0 - f64::from(seed)),
        ..CARD
    })
}

fn side(card: &DrawnCard) -> Side {
    if card.emblem { Side::Emblem } else { Side::Portrait }
}

fn report(card: &DrawnCard, image: &RgbImage) -> CardReport {
    let pixels = image.pixels().map(|pixel| pixel.0).collect();
    assess(&Rgb::from_pixels(image.width() as usize, image.height() as usize, pixels).unwrap(), side(card))
}

#[test]
fn a_good_card_is_found_at_its_corners() {
    for card in cards() {
        let report = report(&card, &card.draw());
        assert_eq!(report.state, State::Good, "{card:?} {report:#?}");
        assert!(report.next_step.is_empty());
        for (found, truth) in report.outline.unwrap().iter().zip(card.corners()) {
            assert!(found.distance(truth) < 5.0, "{card:?}: {found:?} {truth:?}");
        }
    }
}

/// Each strength in turn: good at first, then the fault, and never good again.
#[track_caller]
fn check_fault(state: State, strengths: &[f64], fault: impl Fn(&DrawnCard, f64) -> RgbImage) {
    for card in cards() {
        let states: Vec<State> = strengths.iter().map(|strength| report(&card, &fault(&card, *strength)).state).collect();
        let flips = states.windows(2).filter(|pair| pair[0] != pair[1]).count();
        assert!(states[0] == State::Good && flips == 1 && states[states.len() - 1] == state, "{card:?} {states:?}");
    }
}

#[test]
fn a_blurred_card_is_said_to_be_blurred() {
    check_fault(State::Blurred, &[0.3, 0.6, 3.5, 5.0, 7.0], |card, sigma| fast_blur(&card.draw(), sigma as f32));
}

#[test]
fn glare_is_said_to_be_glare() {
    check_fault(State::Glare, &[5.0, 12.0, 60.0, 80.0], |card, radius| {
        let mut image = card.draw();
        for (x, y, pixel) in image.enumerate_pixels_mut() {
            if (f64::from(x) - card.centre.0 + 60.0).hypot(f64::from(y) - card.centre.1) < radius {
                pixel.0 = [255; 3];
            }
        }
        image
    });
}

#[test]
fn a_missing_edge_is_said_to_be_missing() {
    check_fault(State::EdgeMissing, &[0.0, 20.0, 180.0, 220.0], |card, shift| {
        DrawnCard { centre: (card.centre.0 + shift, card.centre.1), ..*card }.draw()
    });
}

#[test]
fn a_finger_over_the_edge_is_a_missing_edge() {
    check_fault(State::EdgeMissing, &[2.0, 45.0, 60.0], |card, radius| {
        let edge = card.corners()[0].middle(card.corners()[1]);
        let mut image = card.draw();
        for (x, y, pixel) in image.enumerate_pixels_mut() {
            if (f64::from(x) - edge.x).hypot((f64::from(y) - edge.y + 20.0) * 0.6) < radius {
                pixel.0 = [206, 160, 136];
            }
        }
        image
    });
}

#[test]
fn a_small_or_tilted_card_is_misframed() {
    let small = DrawnCard { length_px: 240.0, ..CARD };
    assert_eq!(report(&small, &small.draw()).state, State::Misframed);
    let tilted = DrawnCard { tilt_deg: 30.0, length_px: 400.0, ..CARD };
    let tilted = report(&tilted, &tilted.draw());
    assert_eq!(tilted.state, State::Misframed);
    assert!((tilted.get("CardTilt").unwrap().measured.unwrap() - 30.0).abs() < 2.0);
    assert!(tilted.next_step.zh.contains("歪斜"));
}

#[test]
fn the_wrong_side_is_left_to_the_reviewer() {
    for emblem in [false, true] {
        let card = DrawnCard { emblem, ..CARD };
        let image = card.draw();
        let rgb = Rgb::from_pixels(640, 480, image.pixels().map(|p| p.0).collect()).unwrap();
        let doubt = |side| assess(&rgb, side).get("CardSide").unwrap().code;
        let (right, wrong) = if emblem { (Side::Emblem, Side::Portrait) } else { (Side::Portrait, Side::Emblem) };
        assert_eq!((doubt(right), doubt(wrong)), (None, Some("advisory")));
    }
}

#[test]
fn what_is_no_card_is_said_to_be_none_and_nothing_panics() {
    for (width, height) in [(1, 1), (30, 2), (64, 64), (300, 200)] {
        let report = assess(&Rgb::filled(width, height, [120; 3]), Side::Portrait);
        assert_eq!((report.state, report.outline), (State::NotACard, None));
    }
    let sheet =
        RgbImage::from_fn(640, 480, |x, y| image::Rgb(if (220..420).contains(&x) && (140..340).contains(&y) { [240; 3] } else { [60; 3] }));
    assert_eq!(assess_file(&bytes(&sheet, ImageFormat::Png), Side::Portrait).unwrap().state, State::NotACard);
    let portrait = studio::ORDINARY.bytes(ImageFormat::Jpeg);
    assert_ne!(assess_file(&portrait, Side::Portrait).unwrap().state, State::Good);
    assert!(assess_file(b"nothing", Side::Portrait).is_err());
}
