//! A frontier in few bytes: what of it changed since the peer last took it in, or only that nothing did.
//!
//! ```text
//! [ before / null, after, [ [ federation, [ step, epoch, size, … ], roots ], … ], tell_all ]
//! ```
//! `before` and `after` are digests of the whole frontier ([`Digest`]). The logs of a federation are sorted by number and epoch: the province's
//! number is 0 and an office's its code and one; `step` is what a number adds to the one before it. `roots` has 16 bytes for each: whoever
//! finds 16 bytes that two histories of one length share has broken SHA-256 halfway, and even then only delays the comparison that proves a fork.

use super::Head;
use crate::{
    id::{OfficeCode, Origin, RecordHash},
    limits::FRONTIER_LOGS_MAX,
};
use minicbor::{
    Decode, Decoder, Encode, Encoder,
    bytes::{ByteArray, ByteVec},
};
use sha2::Digest as _;

/// SHA-256 over a whole frontier, sorted by origin: origin line, line feed, size in eight bytes, root.
pub type Digest = [u8; 32];

/// The digest of a frontier that comes sorted by origin.
pub fn digest<'a>(heads: impl Iterator<Item = &'a Head>) -> Digest {
    let mut digest = sha2::Sha256::new();
    digest.update(b"huizhi/frontier/v1\n");
    for head in heads {
        digest.update(head.origin.as_str());
        digest.update(b"\n");
        digest.update(head.size.to_be_bytes());
        digest.update(head.root.0);
    }
    digest.finalize().into()
}

/// The first 16 bytes of a root: enough to see that two histories of one length differ.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ShortRoot(pub [u8; 16]);

impl From<&RecordHash> for ShortRoot {
    fn from(root: &RecordHash) -> Self {
        let mut short = [0; 16];
        short.copy_from_slice(&root.0[..16]);
        Self(short)
    }
}

/// One log as a peer tells that it holds it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ShortHead {
    /// The log.
    pub origin: Origin,
    /// Entries held.
    pub size: u64,
    /// Beginning of the root over them.
    pub root: ShortRoot,
}

impl From<&Head> for ShortHead {
    fn from(head: &Head) -> Self {
        Self { origin: head.origin.clone(), size: head.size, root: ShortRoot::from(&head.root) }
    }
}

/// What a node tells of its frontier.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub struct Heads {
    /// The frontier that `heads` goes on from; nothing where `heads` is all of it.
    #[n(0)]
    pub before: Option<ByteArray<32>>,
    /// The frontier as it is now.
    #[n(1)]
    pub after: ByteArray<32>,
    /// What changed in between, in no particular order.
    #[cbor(n(2), with = "packed")]
    pub heads: Vec<ShortHead>,
    /// The teller has forgotten what the receiver told, or wants more of it than it kept.
    #[n(3)]
    pub tell_all: bool,
}

/// The logs of one federation.
#[derive(Encode, Decode)]
struct Packed {
    #[n(0)]
    federation: String,
    #[n(1)]
    numbers: Vec<u64>,
    #[n(2)]
    roots: ByteVec,
}

impl Packed {
    fn new(federation: &str, mut logs: Vec<(u64, u64, &ShortHead)>) -> Self {
        logs.sort_unstable_by_key(|(number, epoch, _)| (*number, *epoch));
        let mut before = 0;
        let mut packed = Self { federation: federation.to_owned(), numbers: Vec::new(), roots: Vec::new().into() };
        for (number, epoch, head) in logs {
            packed.numbers.extend([number - before, epoch, head.size]);
            packed.roots.extend(head.root.0);
            before = number;
        }
        packed
    }

    /// The logs again, appended to `heads`; nothing where they are none.
    fn unpack(&self, heads: &mut Vec<ShortHead>) -> Option<()> {
        let (logs, rest) = self.numbers.as_chunks::<3>();
        let (roots, no_root) = self.roots.as_chunks::<16>();
        let room = FRONTIER_LOGS_MAX.saturating_sub(heads.len());
        (rest.is_empty() && no_root.is_empty() && logs.len() == roots.len() && logs.len() <= room).then_some(())?;
        let mut number = 0_u64;
        for ([step, epoch, size], root) in logs.iter().zip(roots) {
            number = number.checked_add(*step)?;
            let epoch = u32::try_from(*epoch).ok()?;
            let origin = match number.checked_sub(1) {
                None => Origin::province(&self.federation, epoch),
                Some(code) => Origin::office(&self.federation, OfficeCode::of_number(code)?, epoch),
            };
            heads.push(ShortHead { origin: origin.ok()?, size: *size, root: ShortRoot(*root) });
        }
        Some(())
    }
}

fn number_of(origin: &Origin) -> Option<(u64, u64)> {
    match origin.office_and_epoch() {
        Some((code, epoch)) => Some((u64::from(code.number()) + 1, u64::from(epoch))),
        None => Some((0, u64::from(origin.province_epoch()?))),
    }
}

mod packed {
    use super::*;
    use minicbor::{decode::Error, encode::Write};
    use std::collections::BTreeMap;

    pub(super) fn encode<C, W: Write>(
        heads: &[ShortHead],
        e: &mut Encoder<W>,
        ctx: &mut C,
    ) -> Result<(), minicbor::encode::Error<W::Error>> {
        let mut federations: BTreeMap<&str, Vec<_>> = BTreeMap::new();
        for head in heads {
            // What has no number is no log that anybody could have enrolled, and so not here.
            if let Some((number, epoch)) = number_of(&head.origin) {
                federations.entry(head.origin.federation()).or_default().push((number, epoch, head));
            }
        }
        let packed: Vec<Packed> = federations.into_iter().map(|(federation, logs)| Packed::new(federation, logs)).collect();
        packed.encode(e, ctx)
    }

    pub(super) fn decode<'b, C>(d: &mut Decoder<'b>, ctx: &mut C) -> Result<Vec<ShortHead>, Error> {
        let packed: Vec<Packed> = Vec::decode(d, ctx)?;
        let mut heads = Vec::new();
        for packed in packed {
            packed.unpack(&mut heads).ok_or_else(|| Error::message("no frontier, or one of too many logs"))?;
        }
        Ok(heads)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sync::wire::{Request, decode_request, encode};
    use proptest::prelude::*;

    fn head(origin: &str, size: u64, root: u8) -> Head {
        Head { origin: origin.parse().unwrap(), size, root: RecordHash([root; 32]) }
    }
    fn heads(heads: &[Head]) -> Heads {
        Heads { before: None, after: [7; 32].into(), heads: heads.iter().map(ShortHead::from).collect(), tell_all: false }
    }

    /// As bytes, for ever.
    #[test]
    fn a_frontier_has_one_form() {
        let frontier = [head("x.y/province/1", 3, 1), head("x.y/office/44030001/1", 700, 2), head("x.y/office/44030001/2", 0, 3)];
        let frame = [
            &[0x82, 0x08, 0x81, 0x84, 0xf6, 0x58, 0x20][..],
            &[7; 32],
            &[0x81, 0x83, 0x63, b'x', b'.', b'y', 0x89, 0x00, 0x01, 0x03, 0x1a, 0x02, 0x9f, 0xd8, 0x32, 0x01, 0x19, 0x02, 0xbc],
            &[0x00, 0x02, 0x00, 0x58, 0x30],
            &[1; 16],
            &[2; 16],
            &[3; 16],
            &[0xf4],
        ]
        .concat();
        let request = Request::Heads(heads(&frontier));
        assert_eq!(encode(&request), frame);
        assert_eq!(decode_request(&frame), Ok(request));
    }

    #[test]
    fn the_digest_tells_one_frontier_from_another() {
        let one = head("x/office/44030001/1", 3, 1);
        let others = [head("x/office/44030001/1", 3, 2), head("x/office/44030001/1", 4, 1), head("x/office/44030001/2", 3, 1)];
        let of = |heads: &[Head]| digest(heads.iter());
        assert_eq!(of(std::slice::from_ref(&one)), of(std::slice::from_ref(&one)));
        assert!(others.iter().all(|other| of(std::slice::from_ref(other)) != of(std::slice::from_ref(&one))));
        assert_ne!(of(&[]), of(&[one]));
    }

    #[test]
    fn what_is_no_frontier_is_refused() {
        let packed = |numbers: Vec<u64>, roots: usize| {
            let packed = Packed { federation: "x".into(), numbers, roots: vec![0; 16 * roots].into() };
            packed.unpack(&mut Vec::new())
        };
        assert!(packed(vec![0, 1, 9], 1).is_some() && packed(vec![100_000_000, 1, 9], 1).is_some());
        assert!(packed(vec![100_000_001, 1, 9], 1).is_none(), "nine digits");
        assert!(packed(vec![1, 1, 9, u64::MAX, 1, 9], 2).is_none(), "beyond every number");
        assert!(packed(vec![1, 1 << 32, 9], 1).is_none(), "no epoch");
        assert!(packed(vec![1, 1, 9, 1], 1).is_none() && packed(vec![1, 1, 9], 2).is_none() && packed(vec![1, 1, 9], 0).is_none());
        let many = |count: usize| packed([1, 1, 1].repeat(count), count);
        assert!(many(FRONTIER_LOGS_MAX).is_some() && many(FRONTIER_LOGS_MAX + 1).is_none());
        let federations = |count: usize| {
            let mut heads = heads(&[]);
            heads.heads = (0..count).map(|at| ShortHead::from(&head(&format!("f{at}/province/1"), 1, 0))).collect();
            decode_request(&encode(&Request::Heads(heads)))
        };
        assert!(federations(FRONTIER_LOGS_MAX).is_ok() && federations(FRONTIER_LOGS_MAX + 1).is_err(), "all federations together");
        assert!(Packed { federation: "X/".into(), numbers: vec![1, 1, 1], roots: vec![0; 16].into() }.unpack(&mut Vec::new()).is_none());
    }

    proptest! {
        #[test]
        fn a_frontier_survives_its_frame(logs in prop::collection::btree_map((0_u32..3, 0_u32..100_000_000, any::<u32>()), any::<(u64, [u8; 16])>(), 0..50)) {
            let mut all: Vec<ShortHead> = logs.into_iter().map(|((federation, code, epoch), (size, root))| {
                let federation = format!("f{federation}");
                let origin = match code { 0 => Origin::province(&federation, epoch), _ => Origin::office(&federation, OfficeCode::of_number(u64::from(code)).unwrap(), epoch) };
                ShortHead { origin: origin.unwrap(), size, root: ShortRoot(root) }
            }).collect();
            let request = Request::Heads(Heads { before: Some([1; 32].into()), after: [2; 32].into(), heads: all.clone(), tell_all: true });
            let Ok(Request::Heads(mut back)) = decode_request(&encode(&request)) else { return Err(TestCaseError::fail("not read")) };
            all.sort_by(|one, other| one.origin.cmp(&other.origin));
            back.heads.sort_by(|one, other| one.origin.cmp(&other.origin));
            prop_assert_eq!(back.heads, all);
        }
    }
}
