//! Guidance says the right thing for a steady fault, and never flickers.

use photo::guidance::{Coach, Code, Frame};
use photo::{Face, NoVision, Rgb};
use proptest::prelude::*;
use studio::{Portrait, Scripted};

/// A preview frame for the identity card.
const PREVIEW: Portrait = Portrait { width: 360, height: 480, eyes: (180.0, 200.0), eye_distance: 62.0, wall: [205, 210, 214] };

fn rgb(image: &image::RgbImage) -> Rgb {
    Rgb::from_pixels(image.width() as usize, image.height() as usize, image.pixels().map(|p| p.0).collect()).unwrap()
}

fn code_of(image: &image::RgbImage, faces: Vec<Face>) -> Code {
    let image = rgb(image);
    let vision = Scripted { width: image.width() as u32, faces };
    Frame { image: &image }.assess(specs::find("cn-id-card").unwrap(), &vision).code()
}

fn code(portrait: &Portrait) -> Code {
    code_of(&portrait.draw(), vec![portrait.face()])
}

#[test]
fn a_good_frame_is_ready_and_each_fault_has_its_word() {
    assert_eq!(code(&PREVIEW), Code::Ready);
    assert_eq!(code(&Portrait { eye_distance: 22.0, ..PREVIEW }), Code::ComeCloser);
    assert_eq!(code(&Portrait { eye_distance: 110.0, eyes: (180.0, 230.0), ..PREVIEW }), Code::GoBack);
    assert_eq!(code(&Portrait { eyes: (110.0, 200.0), ..PREVIEW }), Code::MoveRight);
    assert_eq!(code(&Portrait { eyes: (250.0, 200.0), ..PREVIEW }), Code::MoveLeft);
    assert_eq!(code(&Portrait { eyes: (180.0, 370.0), ..PREVIEW }), Code::AimLower);
    assert_eq!(code(&Portrait { eyes: (180.0, 60.0), ..PREVIEW }), Code::AimHigher);
    let drawn = PREVIEW.draw();
    assert_eq!(code_of(&drawn, vec![]), Code::NoFace);
    let beside = Portrait { eyes: (320.0, 200.0), eye_distance: 40.0, ..PREVIEW }.face();
    assert_eq!(code_of(&drawn, vec![PREVIEW.face(), beside]), Code::SecondFace);
    let gain = |factor: f32| {
        let mut image = drawn.clone();
        image.pixels_mut().for_each(|p| p.0 = p.0.map(|v| (f32::from(v) * factor).min(255.0) as u8));
        image
    };
    assert_eq!(code_of(&gain(0.1), vec![PREVIEW.face()]), Code::MoreLight);
    assert_eq!(code_of(&gain(2.0), vec![PREVIEW.face()]), Code::LessLight);
    assert_eq!(code_of(&image::imageops::fast_blur(&drawn, 5.0), vec![PREVIEW.face()]), Code::HoldStill);
    let mut turned = PREVIEW.face();
    turned.nose.x += 30.0;
    assert_eq!(code_of(&drawn, vec![turned]), Code::FaceCamera);
    let image = rgb(&drawn);
    assert_eq!(Frame { image: &image }.assess(specs::find("us-visa").unwrap(), &NoVision).code(), Code::NoModel);
}

#[test]
fn an_important_reason_hides_what_cannot_be_judged_before() {
    let mut image = Portrait { eye_distance: 22.0, ..PREVIEW }.draw();
    image.pixels_mut().for_each(|p| p.0 = p.0.map(|v| v / 10));
    assert_eq!(code_of(&image, vec![Portrait { eye_distance: 22.0, ..PREVIEW }.face()]), Code::ComeCloser);
}

#[test]
fn tiny_and_odd_frames_do_not_panic() {
    for (width, height) in [(1, 1), (1, 300), (300, 1), (7, 5)] {
        let image = Rgb::filled(width, height, [128; 3]);
        for factor in [1e-3, 1.0, 1e6] {
            let vision = Scripted { width: width as u32, faces: vec![PREVIEW.face().scaled(factor)] };
            for spec in specs::shipped() {
                Frame { image: &image }.assess(spec, &vision);
            }
        }
    }
}

#[test]
fn ready_is_said_only_after_all_was_good_for_a_while() {
    let mut coach = Coach::new();
    assert_ne!(coach.hear_code(Code::Ready, 0).code, Code::Ready);
    assert_ne!(coach.hear_code(Code::Ready, 550).code, Code::Ready);
    assert_eq!(coach.hear_code(Code::Ready, 1_050).code, Code::Ready);
    // A blink does not take it back.
    assert_eq!(coach.hear_code(Code::OpenEyes, 2_300).code, Code::Ready);
    assert_eq!(coach.hear_code(Code::Ready, 2_500).code, Code::Ready);
    // Eyes that stay closed do.
    for now_ms in [2_700, 2_900, 3_200] {
        coach.hear_code(Code::OpenEyes, now_ms);
    }
    assert_eq!(coach.hear_code(Code::OpenEyes, 3_400).code, Code::OpenEyes);
}

fn any_code() -> impl Strategy<Value = Code> {
    prop::sample::select(Code::ALL.to_vec())
}

proptest! {
    #[test]
    fn an_instruction_stays_a_second_whatever_the_frames_say(frames in prop::collection::vec((any_code(), 0u64..400), 1..200)) {
        let mut coach = Coach::new();
        let (mut now_ms, mut last) = (0, None);
        for (code, step_ms) in frames {
            now_ms += step_ms;
            let said = coach.hear_code(code, now_ms);
            if let Some((before, since_ms)) = last
                && before != said.code
            {
                prop_assert!(said.since_ms >= since_ms + 1_000, "{before:?} {since_ms} then {said:?}");
                prop_assert_eq!(said.since_ms, now_ms);
            }
            last = Some((said.code, said.since_ms));
        }
    }

    #[test]
    fn frames_that_alternate_change_nothing(one in any_code(), other in any_code(), step_ms in 30u64..200) {
        let mut coach = Coach::new();
        let first = coach.hear_code(one, 0).code;
        if one != other {
            for frame in 1..60u64 {
                let code = if frame % 2 == 0 { one } else { other };
                prop_assert_eq!(coach.hear_code(code, frame * step_ms).code, first);
            }
        }
    }

    #[test]
    fn a_steady_state_is_said_in_the_end(noise in prop::collection::vec((any_code(), 0u64..300), 0..60), steady in any_code(), step_ms in 20u64..200) {
        let mut coach = Coach::new();
        let mut now_ms = 0;
        for (code, step) in noise {
            now_ms += step;
            coach.hear_code(code, now_ms);
        }
        let until = now_ms + 1_800;
        let mut said = None;
        while now_ms <= until {
            now_ms += step_ms;
            said = Some(coach.hear_code(steady, now_ms).code);
        }
        prop_assert_eq!(said, Some(steady));
    }
}

#[test]
fn bounds_of_the_frame_are_those_of_the_document() {
    let image = rgb(&PREVIEW.draw());
    let vision = Scripted { width: 360, faces: vec![PREVIEW.face()] };
    let reasons = |table: &str| {
        let text = format!("{}\n{table}\n", specs::find("cn-id-card").unwrap().text());
        Frame { image: &image }.assess(&specs::Spec::parse("x", &text).unwrap(), &vision).reasons
    };
    assert_eq!(reasons(""), []);
    assert_eq!(reasons("[checks.GuideHeadSize]\nmin = 1.1"), [Code::ComeCloser]);
    assert_eq!(reasons("[checks.GuideHeadSize]\nmax = 0.5"), [Code::GoBack]);
    assert_eq!(reasons("[checks.GuideOffCentre]\nmin = 0.05"), [Code::MoveRight]);
    assert_eq!(reasons("[checks.GuideOffHeight]\nmin = -3\nmax = -2"), [Code::AimLower]);
    assert_eq!(reasons("[checks.GuideWall]\nmax = 0"), [Code::PlainWall]);
    assert_eq!(reasons("[checks.GuideWall]\nmax = 0\nseverity = \"off\""), []);
}
