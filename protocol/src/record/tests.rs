//! Records: round trips, golden bytes, and every way to be wrong.

mod arbitrary;
mod samples;

use super::*;
use arbitrary::any_record;
use proptest::prelude::*;
use samples::samples;

fn origin() -> Origin {
    "demo.huizhi/office/44030001/1".parse().unwrap()
}

fn key() -> OfficeKey {
    OfficeKey::from_seed(&[7; 32])
}

#[test]
fn every_kind_round_trips_in_the_bytes_received() {
    for record in samples() {
        let signed = Signed::sign(&origin(), &key(), &record).unwrap();
        let verified = Signed::parse(signed.bytes()).unwrap().verify(&origin()).unwrap();
        assert_eq!(verified.record(), &record);
        assert_eq!(verified.bytes(), signed.bytes());
        assert_eq!(verified.hash(), signed.hash());
        assert_eq!(verified.author(), key().public());
    }
}

#[test]
fn there_is_a_sample_of_every_kind_and_each_signs_in_its_own_domain() {
    let kinds: Vec<_> = samples().iter().map(|record| record.kind().to_owned()).collect();
    for kind in Record::KINDS {
        assert!(kinds.iter().any(|sampled| sampled == kind), "{kind}");
    }
    // The same author and body under the name of another kind does not hold.
    for record in samples() {
        let signed = Signed::sign(&origin(), &key(), &record).unwrap();
        let mut parsed = Signed::parse(signed.bytes()).unwrap();
        parsed.kind = "decidee".into();
        assert_eq!(parsed.verify(&origin()).unwrap_err(), RecordError::BadSignature);
    }
}

/// `records.cddl` and the code define the same bodies: every kind, and in each kind every key with its type.
#[test]
fn the_cddl_defines_what_the_code_writes() {
    let cddl = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/records.cddl")).unwrap();
    let matches = |rule: &str, cddl: &str, bytes: &[u8]| {
        cddl_cat::cbor::validate_cbor_bytes(rule, cddl, bytes).map_err(|error| format!("{rule}: {error}"))
    };
    // With the maps closed, a key that the code writes and the definition lacks does not match.
    let closed = cddl.replace("  later,\n", "");
    let rules = cddl.lines().filter_map(|line| line.strip_suffix(" = {")).collect::<Vec<_>>();
    assert_eq!(rules, Record::KINDS, "in the order of the code");
    for rule in rules {
        let bodies: Vec<_> = samples().iter().filter(|record| record.kind() == rule).map(Record::encode_body).collect();
        let keys = |body: &Vec<u8>| Decoder::new(body).map().unwrap().unwrap();
        let defined = cddl.split(&format!("\n{rule} = {{")).nth(1).unwrap().split('}').next().unwrap().matches(": ").count() as u64;
        assert_eq!(bodies.iter().map(keys).max(), Some(defined), "{rule}: a sample has every key, and the definition no other");
        for body in &bodies {
            assert_eq!(matches(rule, &closed, body), Ok(()));
            assert_eq!(matches(rule, &cddl, body), Ok(()));
            assert!(matches(rule, &cddl, &[0xa0]).is_err(), "{rule} without keys");
        }
    }
    for record in samples() {
        let signed = Signed::sign(&origin(), &key(), &record).unwrap();
        assert_eq!(matches("entry", &cddl, signed.bytes()), Ok(()));
    }
}

/// The bytes of each kind never change silently: `vectors/records.txt` holds kind and entry in hex.
/// After an intended change of format, run with `HUIZHI_BLESS=1` and review the difference.
#[test]
fn golden_vectors() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/vectors/records.txt");
    let made: String = samples()
        .iter()
        .map(|record| {
            let signed = Signed::sign(&origin(), &key(), record).unwrap();
            let hex: String = signed.bytes().iter().map(|byte| format!("{byte:02x}")).collect();
            format!("{} {hex}\n", record.kind())
        })
        .collect();
    if std::env::var_os("HUIZHI_BLESS").is_some() {
        std::fs::write(path, &made).unwrap();
    }
    assert_eq!(std::fs::read_to_string(path).unwrap(), made);
}

#[test]
fn a_record_of_any_kind_does_not_verify_in_another_log_or_with_any_changed_bit() {
    let other: Origin = "demo.huizhi/office/44030002/1".parse().unwrap();
    for record in samples() {
        let signed = Signed::sign(&origin(), &key(), &record).unwrap();
        assert_eq!(Signed::parse(signed.bytes()).unwrap().verify(&other).unwrap_err(), RecordError::BadSignature);
        for bit in 0..signed.bytes().len() * 8 {
            let mut bytes = signed.bytes().to_vec();
            bytes[bit / 8] ^= 1 << (bit % 8);
            assert!(Signed::parse(&bytes).and_then(|signed| signed.verify(&origin())).is_err(), "{} bit {bit}", record.kind());
        }
    }
}

#[test]
fn case_44_a_field_of_a_later_version_survives_in_every_kind() {
    for known in samples().into_iter().filter(|record| Record::KINDS.contains(&record.kind())) {
        // An extra key 99 in its map, as a later version might write it.
        let mut body = known.encode_body();
        assert_eq!(body[0] & 0xe0, 0xa0, "a short map");
        body[0] += 1;
        body.extend([0x18, 99, 0xf5]);
        let record = Record::Unknown { kind: known.kind().to_owned(), body };
        let signed = Signed::sign(&origin(), &key(), &record).unwrap();
        let verified = Signed::parse(signed.bytes()).unwrap().verify(&origin()).unwrap();
        assert_eq!(verified.record(), &known);
        assert_eq!(verified.bytes(), signed.bytes());
    }
}

#[test]
fn a_record_has_one_spelling() {
    // The kind's length in two bytes instead of one: the signature does not cover it, and the hash would be another.
    let signed = Signed::sign(&origin(), &key(), &samples()[0]).unwrap();
    let respelled = [&signed.bytes()[..1], &[0x78, 5], &signed.bytes()[2..]].concat();
    assert!(matches!(Signed::parse(&respelled), Err(RecordError::Malformed(_))));
    // A signed body with a key twice, which two readers may take for two things.
    let Record::DocChanged(changed) = samples().remove(5) else { unreachable!() };
    let mut body = minicbor::to_vec(&changed).unwrap();
    body[0] += 1;
    body.extend([0x03, 0x07]);
    let twice = Signed::sign(&origin(), &key(), &Record::Unknown { kind: "doc_changed".into(), body }).unwrap();
    let refused = Signed::parse(twice.bytes()).unwrap().verify(&origin()).unwrap_err();
    assert_eq!(refused, RecordError::Malformed("map keys are not ascending".into()));
}

#[test]
fn case_17_a_record_too_long_for_an_entry_is_refused_before_signing() {
    let record = Record::SpecPublished(SpecPublished {
        id: "x".into(),
        text: "x".repeat(65_500),
        supersedes: None,
        operator: 1,
        at_ms: 0,
        effective_from_ms: None,
    });
    assert!(matches!(Signed::sign(&origin(), &key(), &record), Err(RecordError::TooLong(_))));
    assert!(matches!(Signed::parse(&vec![0; 65_536]), Err(RecordError::TooLong(65_536))));
}

#[test]
fn texts_and_lists_are_bounded() {
    let Record::Decided(mut decided) = samples().remove(3) else { unreachable!() };
    decided.reasons = vec!["x".into(); 100];
    let signed = Signed::sign(&origin(), &key(), &Record::Decided(decided)).unwrap();
    let refused = Signed::parse(signed.bytes()).unwrap().verify(&origin()).unwrap_err();
    assert!(matches!(refused, RecordError::Malformed(_)));
}

#[test]
fn a_point_names_a_log_and_a_size_that_a_log_may_have() {
    let revoke = |text: &str, size| {
        // An origin that was never parsed, as it comes out of a peer's bytes.
        let origin: Origin = minicbor::decode(&minicbor::to_vec(text).unwrap()).unwrap();
        let upto = crate::log::LogPoint { origin, size, root: RecordHash([1; 32]) };
        let revoke = Revoke { code: "44030001".parse().unwrap(), upto, reason: "x".into(), operator: 1, at_ms: 0 };
        let signed = Signed::sign(&self::origin(), &key(), &Record::Revoke(revoke)).unwrap();
        Signed::parse(signed.bytes()).unwrap().verify(&self::origin()).is_ok()
    };
    let good = "demo.huizhi/office/44030001/1";
    assert!(revoke(good, crate::limits::LOG_SIZE_MAX));
    assert!(!revoke(good, crate::limits::LOG_SIZE_MAX + 1));
    assert!(!revoke("demo.huizhi/office/44030001/01", 1));
    assert!(!revoke("anything\nat all", 1));
}

proptest! {
    #[test]
    fn any_record_round_trips_in_one_spelling(record in any_record()) {
        let signed = Signed::sign(&origin(), &key(), &record).unwrap();
        let verified = Signed::parse(signed.bytes()).unwrap().verify(&origin()).unwrap();
        prop_assert_eq!(verified.record(), &record);
        prop_assert_eq!(verified.bytes(), signed.bytes());
        prop_assert_eq!(verified.record().encode_body(), record.encode_body());
        prop_assert_eq!(deterministic::check(&record.encode_body()).err(), None);
    }

    #[test]
    fn a_changed_bit_of_any_record_is_refused(record in any_record(), at: prop::sample::Index, bit in 0_u8..8) {
        let mut bytes = Signed::sign(&origin(), &key(), &record).unwrap().bytes().to_vec();
        let at = at.index(bytes.len());
        bytes[at] ^= 1 << bit;
        prop_assert!(Signed::parse(&bytes).and_then(|signed| signed.verify(&origin())).is_err());
    }

    #[test]
    fn any_bytes_parse_or_are_refused(bytes: Vec<u8>) {
        if let Ok(signed) = Signed::parse(&bytes) {
            let _ = signed.verify(&origin());
        }
    }

    #[test]
    fn any_body_decodes_or_is_refused(body: Vec<u8>, pick: prop::sample::Index) {
        let _ = Record::decode_body(Record::KINDS[pick.index(Record::KINDS.len())], &body);
    }
}

#[test]
fn roles_are_named_and_an_unknown_one_is_refused_by_its_name() {
    let both = Roles::CAPTURE.with(Roles::ARCHIVE);
    assert_eq!(Roles::named(&both.names().collect::<Vec<_>>()), Ok(both));
    assert_eq!(Roles::named::<&str>(&[]), Ok(Roles::NONE));
    let unknown = Roles::named(&["capture", "reviewer"]).unwrap_err();
    assert_eq!(unknown.0, "reviewer");
    let every = Roles(u32::MAX);
    assert!(every.names().all(|name| unknown.to_string().contains(name)), "the message names every role: {unknown}");
}
