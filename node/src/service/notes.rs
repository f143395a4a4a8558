//! The shared note of a case: an Automerge document whose changes travel sealed.

use crate::service::{Kind, Office, Refusal, applicants, office::now_ms, payload, review};
use protocol::{
    case::Case,
    doc::{DocError, Note, Version},
    id::{BlobHash, CaseId},
    record::{DocChanged, Record},
};
use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

/// A note as far as it can be read here.
#[derive(Debug)]
pub struct OpenNote {
    /// The merged document.
    pub note: Note,
    /// Changes that are not here, not for this office, or refused.
    pub missing: usize,
}

/// Bound: key agreements that are tried for one look at a note, about a second of them. What is beyond it is opened at the next look.
const TRIALS_MAX: usize = if cfg!(test) { 400 } else { 20_000 };
/// Bound: bytes of opened changes in memory, and how many changes are remembered.
const KEPT_BYTES_MAX: usize = 16 << 20;
const KEPT_MAX: usize = 16_384;

/// A change as it came out of its sealed blob; nothing where it cannot be opened here.
type Raw = Option<Arc<[u8]>>;

/// Changes of notes that were opened, and those that cannot be, by their sealed blob.
///
/// Attack: a change that is sealed for hundreds costs as many key agreements, and a note has hundreds of changes.
#[derive(Default)]
pub(super) struct Changes(Mutex<HashMap<BlobHash, Raw>>);

impl Changes {
    fn get(&self, blob: BlobHash) -> Option<Raw> {
        self.lock().get(&blob).cloned()
    }
    fn keep(&self, blob: BlobHash, raw: Raw) {
        let mut kept = self.lock();
        let bytes: usize = kept.values().flatten().map(|raw| raw.len()).sum();
        if kept.len() >= KEPT_MAX || bytes > KEPT_BYTES_MAX {
            kept.clear();
        }
        kept.insert(blob, raw);
    }
    /// Forgets what was written about a case.
    pub(super) fn forget(&self, case: &Case) {
        let mut kept = self.lock();
        case.note.iter().for_each(|by| _ = kept.remove(&by.said.payload));
    }
    fn lock(&self) -> MutexGuard<'_, HashMap<BlobHash, Raw>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Merges the changes of a case's note that are here.
///
/// # Errors
/// As the store.
pub fn open(office: &Office, case: &Case) -> Result<OpenNote, Refusal> {
    let opened = opened(office, case)?;
    let mut note = Note::default();
    let mut missing = 0;
    for by in &case.note {
        let Some(Some(raw)) = opened.get(&by.said.payload) else {
            missing += 1;
            continue;
        };
        if let Err(error) = note.apply(&by.origin, by.index, raw) {
            tracing::warn!(%error, record = %by.hash, "a change of a note is refused");
            missing += 1;
        }
    }
    Ok(OpenNote { note, missing })
}

/// What was opened of a note, before or now: of what was not tried yet that which is sealed for the fewest first.
fn opened(office: &Office, case: &Case) -> Result<HashMap<BlobHash, Raw>, Refusal> {
    let (mut opened, mut waiting) = (HashMap::new(), Vec::new());
    for blob in case.note.iter().map(|by| by.said.payload) {
        if let Some(known) = office.changes_of_notes.get(blob) {
            opened.insert(blob, known);
        } else if let Some(sealed) = office.read_blob(blob)? {
            waiting.push((payload::recipients_of(&sealed), blob));
        }
    }
    waiting.sort_unstable();
    let mut trials = 0;
    for (recipients, blob) in waiting {
        trials += recipients;
        if trials > TRIALS_MAX {
            tracing::warn!(case = %case.id, "a note costs more to open than one look may; the rest of it is opened at the next one");
            break;
        }
        if let Some(sealed) = office.read_blob(blob)? {
            let raw = payload::open(&sealed, &office.keys.identities()).ok().flatten();
            let raw: Raw = raw.map(Arc::from);
            office.changes_of_notes.keep(blob, raw.clone());
            opened.insert(blob, raw);
        }
    }
    Ok(opened)
}

/// What somebody typed.
#[derive(Debug, Clone, Copy)]
pub struct Typed<'a> {
    /// The text that was typed on, as bytes of a [`Version`]; the note of this moment where nothing is said.
    pub seen: Option<&'a Version>,
    /// What it became.
    pub text: &'a str,
}

/// A note that was written.
#[derive(Debug)]
pub struct WrittenNote {
    /// The merged note.
    pub open: OpenNote,
    /// The state that holds what was typed alone: a page goes on from it where more was typed meanwhile.
    pub written: Version,
}

/// Bound: how often a change is made anew because something else was appended meanwhile.
const TRIES_MAX: usize = 32;

/// Changes the note by what was typed, and keeps what others wrote meanwhile.
///
/// # Errors
/// The text is too long, its version is none of this note, or this office has no part in the case.
pub fn write(office: &Office, id: CaseId, typed: Typed<'_>, operator: u32) -> Result<WrittenNote, Refusal> {
    let case = review::find(office, id)?;
    let in_charge = office.member().is_some_and(|me| me.grant().may_decide(case.captured_by()));
    if case.captured_by() != office.code() && !in_charge {
        return Err(Refusal::new(
            Kind::Forbidden,
            "not_your_case",
            "只有采集点和负责该地区的审核中心可以写备注。",
            "only the capturing office and the review centres of its region write notes",
        ));
    }
    let recipients = applicants::recipients(office, case.captured_by());
    // Nothing of a document is opened under the right to append, for a hostile one may take its time. The change is bound to its position in
    // the log, so it is made for the next one and made anew where another record came first.
    for _ in 0..TRIES_MAX {
        let mut open = open(office, &*review::find(office, id)?)?;
        let position = office.store.head(office.origin()).size;
        let seen = typed.seen.cloned().unwrap_or_else(|| open.note.version());
        let raw = open.note.edit_at(&seen, office.origin(), position, typed.text).map_err(refusal)?;
        let Some(raw) = raw else { return Ok(WrittenNote { open, written: seen }) };
        let payload = office.store.blobs.put(&payload::seal(&raw, &recipients)?)?;
        let change = Record::DocChanged(DocChanged { case: id, payload, operator, at_ms: now_ms() });
        let written = office.append(|at, signer| if at == position { Ok(vec![signer.sign(&change)?]) } else { Ok(Vec::new()) })?;
        if !written.is_empty() {
            let alone = Version::of_change(&raw).ok_or_else(|| Refusal::fault("the change has no hash"))?;
            return Ok(WrittenNote { open: self::open(office, &*review::find(office, id)?)?, written: alone });
        }
    }
    Err(Refusal::state("note_busy", "本机正忙，备注未保存，请重试。", "this node is busy and the note was not saved; try again"))
}

fn refusal(error: DocError) -> Refusal {
    match error {
        DocError::Bounds("characters") => Refusal::input("note_too_long", "text", "备注过长。", "the note is too long"),
        DocError::Bounds(_) => Refusal::state(
            "note_full",
            "此备注的修改次数已达上限，不能再修改。",
            "this note was changed as often as a note can be; it cannot be changed any more",
        ),
        other => Refusal::new(
            Kind::Input,
            "note_version_unknown",
            "备注的版本已不可用，请刷新页面后重写。",
            format!("the version of the note that this was typed on is not known here; load the page again ({other})"),
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::service::testing::{Home, picture};

    #[test]
    fn s9_what_costs_much_to_open_is_tried_once_and_a_little_at_a_time() {
        let home = Home::new();
        let office = home.open();
        let case = home.case(&office, &picture(8, 8, [9; 3]), false);
        write(&office, case.id, Typed { seen: None, text: "honest" }, 1).unwrap();
        // Sealed for a hundred others each; the blobs differ in their last bytes.
        let stanza = "-> X25519 CQAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\nAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\n".repeat(100);
        let hostile = |at: usize| format!("age-encryption.org/v1\n{stanza}--- {}\n{at:032}", "A".repeat(43));
        let many = TRIALS_MAX / 100 + 3;
        let blobs: Vec<BlobHash> = (0..many).map(|at| office.store.blobs.put(hostile(at).as_bytes()).unwrap()).collect();
        let change = |payload: &BlobHash| Record::DocChanged(DocChanged { case: case.id, payload: *payload, operator: 1, at_ms: 0 });
        office.append(|_, signer| blobs.iter().map(|blob| signer.sign(&change(blob))).collect()).unwrap();
        let look = || {
            let open = open(&office, &review::find(&office, case.id).unwrap()).unwrap();
            assert_eq!((open.note.text().as_str(), open.missing), ("honest", many), "what is sealed for few comes first");
            blobs.iter().filter(|blob| office.changes_of_notes.get(**blob) == Some(None)).count()
        };
        let first = look();
        assert!((1..many).contains(&first), "a budget: {first}");
        assert_eq!((look(), look()), (many, many), "each is tried once");
    }
}
