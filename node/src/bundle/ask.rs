//! What a node asks a stick for: how far each log is here, and which photos and payloads are missing. Names and hashes only.

use crate::service::{Kind, Office, Refusal};
use protocol::{
    id::{BlobHash, OfficeCode, Origin, RecordHash},
    limits::{ASK_BLOBS_MAX, ASK_BYTES_MAX, FRONTIER_LOGS_MAX},
    merkle,
};
use serde::{Deserialize, Serialize};
use std::{fs::File, io::Read, path::Path};

/// First field of the file, which says what it is.
const FORM: &str = "huizhi bundle ask 1";

/// What a node asks a stick for. It is not signed: whoever changes it gets less from the stick, and never what they may not have.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Ask {
    form: String,
    federation: String,
    office: String,
    heads: Vec<AskHead>,
    wanted: Vec<String>,
}

/// How far a log is here.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct AskHead {
    log: String,
    size: u64,
    root: String,
}

/// What this office asks for now.
///
/// # Errors
/// As the store.
pub fn ask(office: &Office) -> Result<Ask, Refusal> {
    let heads = office.store.frontier().into_iter().take(FRONTIER_LOGS_MAX);
    Ok(Ask {
        form: FORM.into(),
        federation: office.origin().federation().into(),
        office: office.code().to_string(),
        heads: heads.map(|head| AskHead { log: head.origin.to_string(), size: head.size, root: head.root.to_string() }).collect(),
        wanted: office.wanted(ASK_BLOBS_MAX)?.iter().map(ToString::to_string).collect(),
    })
}

impl Ask {
    /// Reads a file that `huizhi bundle ask` wrote at the office that the bundle is for.
    ///
    /// # Errors
    /// It cannot be read, is something else, or comes from another office or federation.
    pub fn read(path: &Path, here: &Office, of: OfficeCode) -> Result<Self, Refusal> {
        let wrong = |zh: &str, en: String| {
            Refusal::new(
                Kind::Input,
                "ask_file",
                format!("{}：{zh}。请在接收方重新运行 huizhi bundle ask。", path.display()),
                format!("{}: {en}; run `huizhi bundle ask` at the receiving office again", path.display()),
            )
        };
        let mut text = Vec::new();
        File::open(path)
            .and_then(|file| file.take(ASK_BYTES_MAX + 1).read_to_end(&mut text))
            .map_err(|error| wrong("无法读取", error.to_string()))?;
        let ask: Self = serde_json::from_slice(&text)
            .ok()
            .filter(|_| text.len() as u64 <= ASK_BYTES_MAX)
            .filter(|ask: &Self| ask.form == FORM && ask.heads.len() <= FRONTIER_LOGS_MAX && ask.wanted.len() <= ASK_BLOBS_MAX)
            .ok_or_else(|| wrong("不是接收方的需求文件", "this is no file of what an office asks for".into()))?;
        if ask.federation != here.origin().federation() {
            return Err(wrong("属于另一个联盟", format!("it is of the federation {}", ask.federation)));
        }
        if ask.office != of.to_string() {
            return Err(wrong("由另一个办公点写成", format!("it was written by the office {}", ask.office)));
        }
        Ok(ask)
    }

    /// Entries of a log that the asking office has and that are those of here: nothing of a history that is not.
    ///
    /// # Errors
    /// As the store.
    pub(super) fn holds(&self, here: &Office, origin: &Origin) -> Result<u64, Refusal> {
        let Some(head) = self.heads.iter().find(|head| head.log == origin.as_str()) else { return Ok(0) };
        if head.size > here.store.head(origin).size {
            // It has more than is here; only what is beside the entries may still be news.
            return Ok(here.store.head(origin).size);
        }
        let root = here.store.with_subtrees(origin, |view| merkle::root(view, head.size))?;
        let same = root.is_some_and(|root| RecordHash(root).to_string() == head.root);
        Ok(if same { head.size } else { 0 })
    }

    /// Blobs that it asks for.
    pub(super) fn wanted(&self) -> impl Iterator<Item = BlobHash> {
        self.wanted.iter().filter_map(|name| name.parse().ok())
    }
}
