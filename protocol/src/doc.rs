//! The shared note of a case: an Automerge document. Only this module and [`shared`] know Automerge.
//!
//! Accepts raw change chunks only (type 0x01): a compressed chunk of 1 MB was measured to inflate to 3 GB. Bytes, operations (by the run lengths
//! of their columns, before anything is unpacked) and the number of changes are capped, and a panic of the library becomes an error of ours.
//!
//! Every replica begins with the same first change, made here with fixed actor and time, so that all edit one text object.
//! The actor of later changes is bound to the writer's log, whose epoch changes after any restore: reusing an actor diverges for good.

mod columns;
pub mod shared;

pub use shared::Version;

use crate::{
    id::Origin,
    limits::{DOC_CHANGE_BYTES_MAX, DOC_CHANGE_OPS_MAX, DOC_CHANGES_MAX, NOTE_TEXT_CHARS_MAX},
};
use automerge::{
    ActorId, AutoCommit, Change, ObjId, ObjType, ROOT, ReadDoc, Value,
    transaction::{CommitOptions, Transactable},
};
use sha2::{Digest, Sha256};
use std::panic::{AssertUnwindSafe, catch_unwind};

/// Why a change or an edit is refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum DocError {
    /// Too long, too many operations, or too many changes.
    #[error("the change exceeds its bounds ({0})")]
    Bounds(&'static str),
    /// The change was made under another actor than that of its place.
    #[error("the change is not by the writer of its log entry")]
    OtherActor,
    /// Not a raw Automerge change chunk.
    #[error("not a raw automerge change")]
    NotRaw,
    /// Automerge refused it, or failed on it.
    #[error("automerge refused the change: {0}")]
    Refused(String),
}

/// A note with the changes merged so far.
pub struct Note {
    doc: AutoCommit,
    text: ObjId,
    changes: usize,
}

const MAGIC: [u8; 4] = [0x85, 0x6f, 0x4a, 0x83];
const CHANGE_CHUNK: u8 = 0x01;

impl Default for Note {
    fn default() -> Self {
        let mut doc = AutoCommit::new().with_actor(ActorId::from(b"huizhi/note/v1".as_slice()));
        let text = doc.put_object(ROOT, "text", ObjType::Text).expect("an empty document takes an object");
        doc.commit_with(CommitOptions::default().with_time(0));
        Self { doc, text, changes: 0 }
    }
}

impl Note {
    /// Merges one raw change that stands at a position of its writer's log. A change that is here already does nothing; one whose
    /// predecessors are missing waits inside the document, and waiting ones count against the bound.
    ///
    /// # Errors
    /// See [`DocError`]. The note is as before then.
    pub fn apply(&mut self, writer: &Origin, position: u64, raw: &[u8]) -> Result<(), DocError> {
        let change = parse(raw)?;
        // Attack: a change under the actor that another office will use next would shut that office's own change out.
        if *change.actor_id() != actor(writer, position) {
            return Err(DocError::OtherActor);
        }
        if self.changes == DOC_CHANGES_MAX {
            return Err(DocError::Bounds("changes"));
        }
        guarded(|| self.doc.apply_changes([change]))?;
        self.changes += 1;
        Ok(())
    }

    /// The merged text. A hostile peer may have replaced the text object; then the note reads as empty.
    pub fn text(&self) -> String {
        guarded(|| self.doc.text(&self.text)).unwrap_or_default()
    }

    /// Names the note as it is now.
    pub fn version(&mut self) -> Version {
        Version::of(self.doc.get_heads())
    }

    /// Changes merged, the common first one not counted.
    pub fn changes(&self) -> usize {
        self.changes
    }

    /// Turns the text of this moment into `new`; see [`Note::edit_at`].
    ///
    /// # Errors
    /// As for [`Note::edit_at`].
    pub fn edit(&mut self, writer: &Origin, position: u64, new: &str) -> Result<Option<Vec<u8>>, DocError> {
        let seen = self.version();
        self.edit_at(&seen, writer, position, new)
    }

    /// Turns the text as it was at `seen` into `new` by the smallest change, and merges that: words that others wrote meanwhile stay.
    /// Nothing comes out where nothing was changed.
    ///
    /// # Errors
    /// The text is too long, `seen` is no version of this note, or Automerge failed. The note is as before then.
    pub fn edit_at(&mut self, seen: &Version, writer: &Origin, position: u64, new: &str) -> Result<Option<Vec<u8>>, DocError> {
        if new.chars().count() > NOTE_TEXT_CHARS_MAX {
            return Err(DocError::Bounds("characters"));
        }
        if guarded(|| self.doc.text_at(&self.text, seen.heads()))? == new && self.knows(seen) {
            return Ok(None);
        }
        // Every other replica would refuse it.
        if self.changes >= DOC_CHANGES_MAX {
            return Err(DocError::Bounds("changes"));
        }
        let change = guarded(|| {
            let mut theirs = self.doc.fork_at(seen.heads())?.with_actor(actor(writer, position));
            theirs.update_text(&self.text, new)?;
            theirs.commit_with(CommitOptions::default().with_time(0));
            Ok::<_, automerge::AutomergeError>(theirs.get_last_local_change())
        })?;
        let raw = change.map(|change| change.raw_bytes().to_vec()).ok_or_else(|| DocError::Refused("no change was made".into()))?;
        let change = parse(&raw)?;
        guarded(|| self.doc.apply_changes([change]))?;
        self.changes += 1;
        Ok(Some(raw))
    }

    fn knows(&mut self, version: &Version) -> bool {
        version.heads().iter().all(|head| self.doc.get_change_by_hash(head).is_some())
    }
}

/// One actor per log and position: two edits that a crash or restore made from one state can never share a sequence number.
fn actor(writer: &Origin, position: u64) -> ActorId {
    let digest =
        Sha256::new().chain_update(b"huizhi/actor/v1\n").chain_update(writer.as_str()).chain_update(position.to_be_bytes()).finalize();
    ActorId::from(&digest[..16])
}

fn parse(raw: &[u8]) -> Result<Change, DocError> {
    if raw.len() > DOC_CHANGE_BYTES_MAX {
        return Err(DocError::Bounds("bytes"));
    }
    if raw.get(..4) != Some(&MAGIC) || raw.get(8) != Some(&CHANGE_CHUNK) {
        return Err(DocError::NotRaw);
    }
    columns::check(&raw[9..])?;
    let change = guarded(|| Change::from_bytes(raw.to_vec()))?;
    if change.len() > DOC_CHANGE_OPS_MAX { Err(DocError::Bounds("operations")) } else { Ok(change) }
}

/// Attack: Automerge can panic on odd input; nothing of it may take the node down.
fn guarded<T, E: std::fmt::Display>(work: impl FnOnce() -> Result<T, E>) -> Result<T, DocError> {
    match catch_unwind(AssertUnwindSafe(work)) {
        Ok(result) => result.map_err(|error| DocError::Refused(error.to_string())),
        Err(_) => Err(DocError::Refused("the library failed on it".into())),
    }
}

impl std::fmt::Debug for Note {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let kept = matches!(self.doc.get(ROOT, "text"), Ok(Some((Value::Object(ObjType::Text), _))));
        write!(f, "Note({} changes, text object {})", self.changes, if kept { "kept" } else { "replaced" })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn office(code: &str) -> Origin {
        Origin::office("demo.huizhi", code.parse().unwrap(), 1).unwrap()
    }

    #[test]
    fn concurrent_edits_merge_in_any_order() {
        let mut base = Note::default();
        let (counter, centre) = (office("44030001"), office("44000001"));
        let first = (&counter, 0, base.edit(&counter, 0, "眼镜反光").unwrap().unwrap());
        let (mut left, mut right) = (Note::default(), Note::default());
        left.apply(&counter, 0, &first.2).unwrap();
        right.apply(&counter, 0, &first.2).unwrap();
        let a = (&counter, 1, left.edit(&counter, 1, "眼镜反光，请重拍").unwrap().unwrap());
        let b = (&centre, 0, right.edit(&centre, 0, "左眼：眼镜反光").unwrap().unwrap());
        let mut orders = vec![];
        for order in [[&first, &a, &b], [&b, &a, &first], [&a, &first, &b]] {
            let mut note = Note::default();
            order.iter().for_each(|(writer, position, raw)| note.apply(writer, *position, raw).unwrap());
            orders.push(note.text());
        }
        assert_eq!(orders, ["左眼：眼镜反光，请重拍"; 3]);
        assert_eq!(left.edit(&counter, 2, "眼镜反光，请重拍"), Ok(None));
    }

    #[test]
    fn mend_36_what_two_write_at_once_out_of_one_version_both_stays() {
        let (counter, centre) = (office("44030001"), office("44000001"));
        let mut note = Note::default();
        note.edit(&counter, 0, "眼镜反光").unwrap();
        let seen = note.version();
        note.edit_at(&seen, &centre, 0, "左眼：眼镜反光").unwrap().unwrap();
        note.edit_at(&seen, &centre, 1, "眼镜反光，请重拍").unwrap().unwrap();
        assert_eq!(note.text(), "左眼：眼镜反光，请重拍");
        assert_eq!(note.edit_at(&seen, &centre, 2, "眼镜反光"), Ok(None), "nothing was typed");
        let unknown = Version::from_bytes(&[7; 32]).unwrap();
        assert!(note.edit_at(&unknown, &centre, 2, "x").is_err());
        assert_eq!((note.text().as_str(), note.changes()), ("左眼：眼镜反光，请重拍", 3));
    }

    #[test]
    fn a_change_counts_only_where_its_writer_put_it() {
        let raw = Note::default().edit(&office("44030001"), 3, "眼镜反光").unwrap().unwrap();
        for (writer, position) in [("44030001", 4), ("44030002", 3)] {
            assert_eq!(Note::default().apply(&office(writer), position, &raw), Err(DocError::OtherActor));
        }
        Note::default().apply(&office("44030001"), 3, &raw).unwrap();
    }

    #[test]
    fn a_full_note_is_closed_for_its_writer_too() {
        let mut note = Note::default();
        let raw = note.edit(&office("44030001"), 0, "a").unwrap().unwrap();
        while note.changes() < DOC_CHANGES_MAX {
            note.apply(&office("44030001"), 0, &raw).unwrap();
        }
        assert_eq!(note.edit(&office("44030001"), 1, "b"), Err(DocError::Bounds("changes")));
    }

    #[test]
    fn case_31_changes_that_wait_for_one_that_never_comes_are_bounded_and_come_in_with_it() {
        let (writer, mut written) = (office("44030001"), Note::default());
        let mut edit = |position: u64| written.edit(&writer, position, &"x".repeat(position as usize + 1)).unwrap().unwrap();
        let changes: Vec<Vec<u8>> = (0..DOC_CHANGES_MAX as u64).map(&mut edit).collect();
        let mut note = Note::default();
        for (position, raw) in (1..).zip(&changes[1..]) {
            note.apply(&writer, position, raw).unwrap();
        }
        assert_eq!(note.text(), "", "all of them wait");
        note.apply(&writer, 0, &changes[0]).unwrap();
        assert_eq!(note.text(), "x".repeat(DOC_CHANGES_MAX));
        // One more is refused, also where all before it still wait.
        let (writer, mut hostile) = (office("44030002"), Note::default());
        let raw = hostile.edit(&writer, 0, "y").unwrap().unwrap();
        assert_eq!(note.apply(&writer, 0, &raw), Err(DocError::Bounds("changes")));
    }

    #[test]
    fn case_30_a_compressed_chunk_is_refused_unopened() {
        let mut note = Note::default();
        let mut raw = note.edit(&office("44030001"), 0, &"长".repeat(3000)).unwrap().unwrap();
        raw[8] = 0x02;
        assert_eq!(Note::default().apply(&office("44030001"), 0, &raw), Err(DocError::NotRaw));
        assert_eq!(Note::default().apply(&office("44030001"), 0, &vec![0; DOC_CHANGE_BYTES_MAX + 1]), Err(DocError::Bounds("bytes")));
        assert_eq!(note.edit(&office("44030001"), 1, &"长".repeat(NOTE_TEXT_CHARS_MAX + 1)), Err(DocError::Bounds("characters")));
    }

    proptest! {
        #[test]
        fn any_bytes_are_merged_or_refused(tail: Vec<u8>, flip in any::<prop::sample::Index>(), bit in 0_u8..8) {
            let mut note = Note::default();
            let raw = note.edit(&office("44030001"), 0, "note").unwrap().unwrap();
            let mut changed = raw.clone();
            changed[flip.index(raw.len())] ^= 1 << bit;
            let mut framed = [&MAGIC[..], &[0; 4], &[CHANGE_CHUNK]].concat();
            framed.extend(&tail);
            for bytes in [&tail, &changed, &framed] {
                let mut note = Note::default();
                let _ = note.apply(&office("44030001"), 0, bytes);
                note.text();
            }
        }
    }
}
