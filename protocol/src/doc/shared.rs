//! A text that several people write at once on one node: what each of them made out of the version that they saw is merged by Automerge.

use super::{DocError, guarded};
use crate::limits::{SHARED_TEXT_BYTES_MAX, SHARED_TEXT_CHANGES_MAX};
use automerge::{
    ActorId, AutoCommit, ChangeHash, ObjId, ObjType, ROOT, ReadDoc, Value,
    transaction::{CommitOptions, Transactable},
};

/// The text with its history.
pub struct SharedText {
    doc: AutoCommit,
    text: ObjId,
}

/// What somebody saw: the heads of the document, one after the other. Means nothing in another text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Version(Vec<ChangeHash>);

impl Version {
    pub(super) fn of(heads: Vec<ChangeHash>) -> Self {
        Self(heads)
    }
    /// The state that a raw change makes of what it was made on; nothing where the bytes are no change.
    pub fn of_change(raw: &[u8]) -> Option<Self> {
        super::parse(raw).ok().map(|change| Self(vec![change.hash()]))
    }
    pub(super) fn heads(&self) -> &[ChangeHash] {
        &self.0
    }
    /// 32 bytes for each head.
    pub fn to_bytes(&self) -> Vec<u8> {
        self.0.iter().flat_map(|head| head.0).collect()
    }
    /// Reads what [`Version::to_bytes`] wrote; any bytes of the right length are some version.
    pub fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let (heads, rest) = bytes.as_chunks::<32>();
        (rest.is_empty() && !heads.is_empty()).then(|| Self(heads.iter().map(|head| ChangeHash(*head)).collect()))
    }
}

impl SharedText {
    /// A text that nobody changed yet.
    ///
    /// # Errors
    /// It is too long.
    pub fn new(text: &str) -> Result<Self, DocError> {
        check(text)?;
        let mut doc = AutoCommit::new().with_actor(ActorId::from(0_u64.to_be_bytes().as_slice()));
        let object = guarded(|| {
            let object = doc.put_object(ROOT, "text", ObjType::Text)?;
            doc.update_text(&object, text)?;
            doc.commit_with(CommitOptions::default().with_time(0));
            Ok::<_, automerge::AutomergeError>(object)
        })?;
        Ok(Self { doc, text: object })
    }

    /// Reads what [`SharedText::save`] wrote on this machine.
    ///
    /// # Errors
    /// It is damaged.
    pub fn load(saved: &[u8]) -> Result<Self, DocError> {
        let doc = guarded(|| AutoCommit::load(saved))?;
        match doc.get(ROOT, "text") {
            Ok(Some((Value::Object(ObjType::Text), text))) => Ok(Self { doc, text }),
            _ => Err(DocError::Refused("there is no text in it".into())),
        }
    }

    /// The whole history, compressed.
    pub fn save(&mut self) -> Vec<u8> {
        self.doc.save()
    }

    /// The merged text.
    pub fn text(&self) -> String {
        guarded(|| self.doc.text(&self.text)).unwrap_or_default()
    }

    /// Names the text as it is now.
    pub fn version(&mut self) -> Version {
        Version(self.doc.get_heads())
    }

    /// Merges what somebody made out of the text as it was at `seen`, and names the state that holds `new` alone: what they go on with if
    /// they wrote more meanwhile.
    ///
    /// # Errors
    /// The text is too long, there were too many changes, or `seen` is no version of this text. Nothing is changed then.
    pub fn edit(&mut self, seen: &Version, new: &str) -> Result<Version, DocError> {
        check(new)?;
        let changes = guarded(|| Ok::<_, DocError>(self.doc.get_changes(&[]).len()))?;
        if changes >= SHARED_TEXT_CHANGES_MAX {
            return Err(DocError::Bounds("changes"));
        }
        guarded(|| {
            // Every edit is an actor of its own, so that two made out of one version never share a sequence number.
            let mut theirs = self.doc.fork_at(&seen.0)?.with_actor(ActorId::from((changes as u64).to_be_bytes().as_slice()));
            theirs.update_text(&self.text, new)?;
            theirs.commit_with(CommitOptions::default().with_time(0));
            self.doc.merge(&mut theirs)?;
            Ok::<_, automerge::AutomergeError>(Version(theirs.get_heads()))
        })
    }
}

fn check(text: &str) -> Result<(), DocError> {
    if text.len() > SHARED_TEXT_BYTES_MAX { Err(DocError::Bounds("bytes")) } else { Ok(()) }
}

impl std::fmt::Debug for SharedText {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "SharedText({} bytes)", self.text().len())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn two_that_edit_at_once_both_keep_what_they_wrote() {
        let mut text = SharedText::new("width = 358\nheight = 441\n").unwrap();
        let seen = text.version();
        text.edit(&seen, "width = 400\nheight = 441\n").unwrap();
        text.edit(&seen, "width = 358\nheight = 500\n").unwrap();
        assert_eq!(text.text(), "width = 400\nheight = 500\n");
        let saved = text.save();
        let mut read = SharedText::load(&saved).unwrap();
        assert_eq!((read.text(), read.version()), (text.text(), text.version()));
        // Somebody who still looks at the first version goes on from it.
        read.edit(&Version::from_bytes(&seen.to_bytes()).unwrap(), "# hand\nwidth = 358\nheight = 441\n").unwrap();
        assert_eq!(read.text(), "# hand\nwidth = 400\nheight = 500\n");
        // And somebody who typed on while it was merged goes on from what they sent, without sending it twice.
        let sent = read.edit(&seen, "width = 358\nheight = 441\nx").unwrap();
        read.edit(&sent, "width = 358\nheight = 441\nxyz").unwrap();
        assert_eq!(read.text(), "# hand\nwidth = 400\nheight = 500\nxyz");
    }

    #[test]
    fn what_is_no_version_or_too_long_changes_nothing() {
        let mut text = SharedText::new("one").unwrap();
        let seen = text.version();
        assert!(text.edit(&Version::from_bytes(&[7; 32]).unwrap(), "two").is_err());
        assert_eq!(text.edit(&seen, &"x".repeat(SHARED_TEXT_BYTES_MAX + 1)), Err(DocError::Bounds("bytes")));
        assert_eq!((text.text(), text.version()), ("one".into(), seen));
        assert!(Version::from_bytes(&[]).is_none() && Version::from_bytes(&[1; 33]).is_none());
        assert!(SharedText::load(b"not a document").is_err());
    }

    proptest! {
        /// Whatever two people do to disjoint lines at once, both is there in the end, whoever was first.
        #[test]
        fn edits_of_different_lines_never_lose_each_other(first in "[a-z]{1,12}", second in "[a-z]{1,12}", swap: bool) {
            let mut text = SharedText::new("A\n====\nB\n").unwrap();
            let seen = text.version();
            let mut edits = [format!("A{first}\n====\nB\n"), format!("A\n====\nB{second}\n")];
            if swap {
                edits.reverse();
            }
            for edit in &edits {
                text.edit(&seen, edit).unwrap();
            }
            prop_assert_eq!(text.text(), format!("A{first}\n====\nB{second}\n"));
        }
    }
}
