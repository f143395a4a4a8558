//! Drafts of photo specs: text that several admins of this node write at once. They never leave the machine; what is published is a record.

use crate::service::{Change, Office, Refusal, office::now_ms, specs};
use base64::{Engine, engine::general_purpose::STANDARD};
use protocol::{
    doc::{
        DocError,
        shared::{SharedText, Version},
    },
    id::Millis,
};
use serde::{Deserialize, Serialize};
use std::sync::PoisonError;

/// Writers that a draft names, the latest first.
const WRITERS_MAX: usize = 8;

/// A draft as somebody sees it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Draft {
    /// The merged text.
    pub text: String,
    /// Names this state of it; goes along with what was made out of it.
    pub version: String,
    /// Names the state that is what was just written alone, for whoever wrote more meanwhile.
    pub written: Option<String>,
    /// Who wrote in it, the latest first.
    pub writers: Vec<Writer>,
}

/// Somebody who wrote in a draft.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Writer {
    /// Name shown on the screen.
    pub name: String,
    /// When they wrote last.
    pub at_ms: Millis,
}

/// A draft as the store keeps it.
#[derive(Serialize, Deserialize)]
struct Kept {
    /// [`SharedText::save`] in base 64.
    text: String,
    /// The version at the beginning, which is the published text.
    begun: String,
    /// Hash of that published text.
    of: String,
    writers: Vec<Writer>,
}

/// The draft of a spec, or the published text where nobody began one.
///
/// # Errors
/// There is no such spec, or as the store.
pub fn open(office: &Office, id: &str) -> Result<Draft, Refusal> {
    match office.store.spec_draft::<Kept>(id)? {
        Some(kept) => Ok(shown(&mut load(&kept)?, kept.writers)),
        None => {
            let published = specs::by_id(office, id).ok_or_else(|| specs::unknown(id))?;
            let (text, version) = (published.spec.text().to_owned(), hex::encode(published.spec.hash()));
            Ok(Draft { text, version, written: None, writers: vec![] })
        }
    }
}

/// Merges what somebody made out of the text at `version`, and tells everybody who looks at it.
///
/// # Errors
/// The draft ended meanwhile (published or thrown away) or has too much history, the text is too long, or as the store.
pub fn write(office: &Office, id: &str, version: &str, text: &str, writer: &str) -> Result<Draft, Refusal> {
    let _one = office.spec_drafts.lock().unwrap_or_else(PoisonError::into_inner);
    let mut kept = match office.store.spec_draft::<Kept>(id)? {
        Some(kept) => kept,
        None => begin(office, id)?,
    };
    let seen = if version == kept.of { kept.begun.as_str() } else { version };
    let seen = hex::decode(seen).ok().and_then(|bytes| Version::from_bytes(&bytes)).ok_or_else(ended)?;
    let mut shared = load(&kept)?;
    let written = shared.edit(&seen, text).map_err(|error| match error {
        DocError::Bounds("changes") => Refusal::state(
            "draft_full",
            "此草稿修改次数过多，请复制文本，放弃草稿后重新开始。",
            "the draft was changed too often: copy its text, throw the draft away and begin again",
        ),
        DocError::Bounds(_) => Refusal::input("draft_too_long", "text", "规格文本过长。", "the text of the spec is too long"),
        _ => ended(),
    })?;
    kept.writers.retain(|known| known.name != writer);
    kept.writers.insert(0, Writer { name: writer.to_owned(), at_ms: now_ms() });
    kept.writers.truncate(WRITERS_MAX);
    kept.text = STANDARD.encode(shared.save());
    office.store.put_spec_draft(id, &kept)?;
    office.tell(Change::SpecDrafts);
    Ok(Draft { written: Some(hex::encode(written.to_bytes())), ..shown(&mut shared, kept.writers) })
}

/// Throws the draft of a spec away, if there is one.
///
/// # Errors
/// As the store.
pub fn discard(office: &Office, id: &str) -> Result<(), Refusal> {
    let _one = office.spec_drafts.lock().unwrap_or_else(PoisonError::into_inner);
    if office.store.delete_spec_draft(id)? {
        office.tell(Change::SpecDrafts);
    }
    Ok(())
}

fn begin(office: &Office, id: &str) -> Result<Kept, Refusal> {
    let published = specs::by_id(office, id).ok_or_else(|| specs::unknown(id))?;
    let mut shared = SharedText::new(published.spec.text()).map_err(Refusal::fault)?;
    Ok(Kept {
        text: STANDARD.encode(shared.save()),
        begun: hex::encode(shared.version().to_bytes()),
        of: hex::encode(published.spec.hash()),
        writers: vec![],
    })
}

fn load(kept: &Kept) -> Result<SharedText, Refusal> {
    let saved = STANDARD.decode(&kept.text).map_err(Refusal::fault)?;
    SharedText::load(&saved).map_err(Refusal::fault)
}

fn shown(shared: &mut SharedText, writers: Vec<Writer>) -> Draft {
    Draft { text: shared.text(), version: hex::encode(shared.version().to_bytes()), written: None, writers }
}

fn ended() -> Refusal {
    Refusal::state(
        "draft_ended",
        "此草稿已发布或已被放弃。请复制您的文本，重新打开本页。",
        "this draft was published or thrown away meanwhile: copy your text and open the page again",
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::service::testing::Home;

    #[test]
    fn two_admins_write_one_draft_at_once_also_over_a_restart_until_it_is_published() {
        let home = Home::new();
        let office = home.open();
        let seen = open(&office, "cn-id-card").unwrap();
        assert_eq!(seen.writers, []);
        let first = seen.text.replacen("version = 1", "version = 2", 1);
        let second = format!("{}\n# 第二人", seen.text);
        write(&office, "cn-id-card", &seen.version, &first, "陈").unwrap();
        drop(office);
        let office = home.open();
        let merged = write(&office, "cn-id-card", &seen.version, &second, "周").unwrap();
        assert_eq!(merged.text, format!("{first}\n# 第二人"));
        assert_eq!(open(&office, "cn-id-card").unwrap(), Draft { written: None, ..merged.clone() });
        assert_eq!(merged.writers.iter().map(|writer| &*writer.name).collect::<Vec<_>>(), ["周", "陈"]);
        // Published: the draft is gone, and who still has it open is told.
        specs::publish(&office, &merged.text, None, 1).unwrap();
        assert_eq!(open(&office, "cn-id-card").unwrap().text, merged.text);
        for stale in [&merged.version, &seen.version, "", "zz"] {
            assert_eq!(write(&office, "cn-id-card", stale, &second, "陈").unwrap_err().code, "draft_ended", "{stale}");
        }
        assert_eq!(open(&office, "no-such-spec").unwrap_err().code, specs::unknown("").code);
    }

    #[test]
    fn a_draft_that_is_thrown_away_leaves_the_published_text() {
        let home = Home::new();
        let office = home.open();
        let seen = open(&office, "cn-id-card").unwrap();
        let written = write(&office, "cn-id-card", &seen.version, "nothing that would be taken", "陈").unwrap();
        assert_eq!(written.text, "nothing that would be taken", "a draft need not be right");
        discard(&office, "cn-id-card").unwrap();
        discard(&office, "cn-id-card").unwrap();
        assert_eq!(open(&office, "cn-id-card").unwrap(), seen);
        assert_eq!(write(&office, "cn-id-card", &written.version, "x", "陈").unwrap_err().code, "draft_ended");
    }
}
