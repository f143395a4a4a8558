//! Policies are read as the format says, and a quorum is reached by good cosignatures of known witnesses alone.

use super::*;
use crate::{
    keys::OfficeKey,
    log::{AddCheckpoint, Checkpoint, Witness, WitnessKey},
    merkle::leaf_hash,
};
use proptest::prelude::*;

fn log() -> VerifierKey {
    VerifierKey::new("demo.huizhi/office/44030001/1".parse().unwrap(), OfficeKey::from_seed(&[5; 32]).public())
}

fn witness(seed: u8) -> WitnessKey {
    WitnessKey::new(&format!("demo.huizhi/witness/440300{seed:02}"), OfficeKey::from_seed(&[seed; 32])).unwrap()
}

/// A checkpoint of one entry with cosignatures of these witnesses.
fn cosigned(seeds: &[u8]) -> String {
    let checkpoint = Checkpoint { origin: log().origin().clone(), size: 1, root: leaf_hash(b"x") }.sign(&OfficeKey::from_seed(&[5; 32]));
    let mut with_lines = checkpoint.clone();
    for seed in seeds {
        let request = AddCheckpoint { old: 0, proof: vec![], note: checkpoint.note().to_owned() };
        let line = Witness::new(witness(*seed), []).add_checkpoint(&request, Some(&log()), u64::from(*seed)).unwrap().persisted();
        with_lines.add_lines(&line).unwrap();
    }
    with_lines.note().to_owned()
}

fn two_of_three() -> Policy {
    Policy::k_of_n([log()], (21..24).map(|seed| witness(seed).verifier()), 2).unwrap()
}

#[test]
fn k_of_n_counts_each_known_witness_once() {
    let policy = two_of_three();
    let reached = policy.verify(&cosigned(&[21, 23])).unwrap();
    assert_eq!(reached.witnesses.values().copied().collect::<Vec<_>>(), [21, 23]);
    let too_few = |found| Err(PolicyError::NoQuorum { quorum: "quorum-group".into(), found });
    assert_eq!(policy.verify(&cosigned(&[21])), too_few(1));
    assert_eq!(policy.verify(&cosigned(&[21, 30, 31])), too_few(1), "unknown witnesses are ignored");
    // The same witness a second time, at another time.
    let twice = Checkpoint { origin: log().origin().clone(), size: 1, root: leaf_hash(b"x") }.sign(&OfficeKey::from_seed(&[5; 32]));
    let lines: String = [1, 2].iter().map(|time_s| witness(21).cosign(&twice, *time_s).unwrap()).collect();
    let mut twice = twice;
    twice.add_lines(&lines).unwrap();
    assert_eq!(policy.verify(twice.note()), too_few(1));
    assert!(Policy::k_of_n([log()], [], 0).unwrap().verify(&cosigned(&[])).is_ok());
}

#[test]
fn a_known_witness_s_bad_line_refuses_the_note() {
    let good = cosigned(&[21, 22, 23]);
    let stolen = cosigned(&[21]).lines().last().unwrap().to_owned();
    // The line of witness 21 of another checkpoint.
    let other = Checkpoint { origin: log().origin().clone(), size: 2, root: [1; 32] }.sign(&OfficeKey::from_seed(&[5; 32]));
    assert_eq!(
        two_of_three().verify(&format!("{}{stolen}\n", other.note())),
        Err(PolicyError::Checkpoint(NoteError::BadSignature("demo.huizhi/witness/44030021".into()).into()))
    );
    assert!(two_of_three().verify(&good).is_ok());
}

#[test]
fn nested_groups_follow_the_example_of_the_format() {
    let mut text = format!("# comment\n\nlog {} https://example.org/\n", log());
    for seed in 1..=6 {
        text += &format!("witness {}{seed} \t{}\n", if seed < 4 { 'X' } else { 'Y' }, witness(seed).verifier());
    }
    text += "group X-witnesses 2 X1 X2 X3\ngroup Y-witnesses any Y4 Y5 Y6\ngroup X-and-Y all X-witnesses Y-witnesses\nquorum X-and-Y\n";
    let policy: Policy = text.parse().unwrap();
    assert_eq!(policy.to_string().parse(), Ok(policy.clone()));
    for (seeds, reached) in [(&[1, 2, 4][..], true), (&[1, 2, 3], false), (&[1, 4, 5, 6], false), (&[2, 3, 6], true)] {
        assert_eq!(policy.verify(&cosigned(seeds)).is_ok(), reached, "{seeds:?}");
    }
}

#[test]
fn what_the_format_forbids_is_refused_with_its_line() {
    let (a, b) = (format!("witness a {}\n", witness(1).verifier()), format!("witness b {}\n", witness(2).verifier()));
    for (text, line) in [
        (String::new(), 0),
        ("quorum none\nquorum none\n".into(), 0),
        ("quorum a\n".into(), 1),
        (format!("{a}{a}quorum a\n"), 2),
        (format!("{a}witness c {}\nquorum a\n", witness(1).verifier()), 2),
        (format!("{a}group g 2 a\nquorum g\n"), 2),
        (format!("{a}group g 0 a\nquorum g\n"), 2),
        (format!("{a}group g any a a\nquorum g\n"), 2),
        (format!("{a}group g any\nquorum g\n"), 2),
        (format!("{a}group g any none\nquorum g\n"), 2),
        (format!("{a}{b}group g any a\ngroup h any a b\nquorum h\n"), 4),
        (format!("group g any a\n{a}quorum g\n"), 1),
        (format!("log {}\nlog {}\nquorum none\n", log(), log()), 2),
        (format!("log {}\nquorum none\n", witness(1).verifier()), 1),
        (format!("witness w {}\nquorum w\n", log()), 1),
        (format!("witness none {}\nquorum none\n", witness(1).verifier()), 1),
        ("quorum none\r\n".into(), 0),
        ("trust everybody\nquorum none\n".into(), 1),
    ] {
        assert!(matches!(text.parse::<Policy>(), Err(PolicyError::Malformed(found, _)) if found == line), "{text}");
    }
}

/// `vectors/cosigned.note` satisfies `vectors/cosigned.policy`, for any implementation of the C2SP formats. Bytes change only on purpose:
/// run with `HUIZHI_BLESS=1` and review the difference.
#[test]
fn golden_vectors() {
    for (name, made) in [("cosigned.note", cosigned(&[21, 23])), ("cosigned.policy", two_of_three().to_string())] {
        let path = format!("{}/vectors/{name}", env!("CARGO_MANIFEST_DIR"));
        if std::env::var_os("HUIZHI_BLESS").is_some() {
            std::fs::write(&path, &made).unwrap();
        }
        assert_eq!(std::fs::read_to_string(&path).unwrap(), made, "{name}");
    }
}

#[test]
fn a_policy_is_bounded_and_large_enough() {
    // The format asks for 32 logs, witnesses and groups at least; a province has more.
    let witnesses: Vec<_> = (0..200).map(|seed| witness(seed).verifier()).collect();
    let policy = Policy::k_of_n([log()], witnesses, 150).unwrap();
    assert_eq!(policy.to_string().parse(), Ok(policy));
    let long = "# x\n".repeat(POLICY_BYTES_MAX / 4 + 1);
    assert_eq!(format!("{long}quorum none\n").parse::<Policy>(), Err(PolicyError::Malformed(0, "too long")));
}

#[test]
fn no_changed_bit_of_a_policy_lets_a_stranger_in() {
    let policy = two_of_three();
    let text = policy.to_string();
    let note = cosigned(&[21, 22]);
    for bit in 0..text.len() * 8 {
        let mut wrong = text.clone().into_bytes();
        wrong[bit / 8] ^= 1 << (bit % 8);
        let Some(wrong) = String::from_utf8(wrong).ok().and_then(|wrong| wrong.parse::<Policy>().ok()) else { continue };
        // What still reads has the keys it had, or none at all; only names inside the file and the threshold may differ.
        for (_, witness) in wrong.witnesses {
            assert!(policy.witnesses.values().any(|known| *known == witness), "bit {bit}");
        }
        assert!(wrong.logs.values().all(|known| *known == log()), "bit {bit}");
    }
    for bit in 0..note.len() * 8 {
        let mut wrong = note.clone().into_bytes();
        wrong[bit / 8] ^= 1 << (bit % 8);
        if let Ok(wrong) = String::from_utf8(wrong) {
            assert!(policy.verify(&wrong).is_err(), "bit {bit}");
        }
    }
}

proptest! {
    #[test]
    fn any_text_is_read_or_refused(text: String, line in "(log|witness|group|quorum)( [a-z0-9]{1,3}){0,4}") {
        let _ = text.parse::<Policy>();
        let _ = format!("{line}\n{text}").parse::<Policy>();
        let _ = two_of_three().verify(&text);
    }
}
