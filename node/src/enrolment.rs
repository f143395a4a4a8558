//! How an office asks to be enrolled, and the root of trust that it is given.
//!
//! The request is the office's own enrolment record without roles, signed with the key that it asks for: proof that it holds the key.

use crate::service::{Refusal, keys::Keys, office::now_ms};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use libp2p::Multiaddr;
use protocol::{
    id::{OfficeCode, Origin},
    log::VerifierKey,
    record::{Enrol, Record, Roles, Signed},
};
use serde::{Deserialize, Serialize};

const PREFIX: &str = "HUIZHI-ENROL1";

/// `federation.json`: what a node must be given to trust the rest.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Federation {
    /// Verifier key of the province's log, in the C2SP `vkey` form.
    pub province: String,
    /// Addresses to begin with, each ending in `/p2p/<peer id>`.
    pub peers: Vec<Multiaddr>,
}

impl Federation {
    /// The province's key.
    ///
    /// # Errors
    /// It is malformed.
    pub fn verifier(&self) -> Result<VerifierKey, protocol::log::NoteError> {
        self.province.parse()
    }
}

/// This node's own enrolment, with roles.
pub fn enrol_self(keys: &Keys, code: OfficeCode, name: &str, roles: Roles) -> Enrol {
    Enrol {
        code,
        name: name.into(),
        key: keys.office.public(),
        recipient: keys.recipient.to_public().to_string(),
        roles,
        epoch: keys.epoch,
        at_ms: now_ms(),
        witness: Some(keys.witness()),
        region: None,
        roles_from: None,
    }
}

/// The text that the office hands to the province.
///
/// # Errors
/// The name is too long for a record.
pub fn write_request(keys: &Keys, origin: &Origin, name: &str) -> Result<String, Refusal> {
    let (code, _) = origin.office_and_epoch().ok_or_else(|| Refusal::fault("the log has no office code"))?;
    let enrol = enrol_self(keys, code, name, Roles::default());
    let signed = Signed::sign(origin, &keys.office, &Record::Enrol(enrol)).map_err(Refusal::fault)?;
    Ok(format!("{PREFIX}:{origin}:{}", URL_SAFE_NO_PAD.encode(signed.bytes())))
}

/// Reads a request and grants roles.
///
/// # Errors
/// It is no request, or not signed by the key that it asks for.
pub fn read_request(text: &str, roles: Roles) -> Result<Enrol, Refusal> {
    let refused = || {
        Refusal::input(
            "request_malformed",
            "request",
            "登记申请无效或不完整，请重新完整复制（以 HUIZHI-ENROL1 开头）。",
            "the enrolment request is incomplete or damaged: copy it again, from HUIZHI-ENROL1 on",
        )
    };
    let mut parts = text.trim().splitn(3, ':');
    if parts.next() != Some(PREFIX) {
        return Err(refused());
    }
    let origin: Origin = parts.next().and_then(|origin| origin.parse().ok()).ok_or_else(refused)?;
    let entry = parts.next().and_then(|entry| URL_SAFE_NO_PAD.decode(entry).ok()).ok_or_else(refused)?;
    let verified = Signed::parse(&entry).and_then(|signed| signed.verify(&origin)).map_err(|_| refused())?;
    match verified.record() {
        Record::Enrol(enrol) if enrol.key == verified.author() && origin.office_and_epoch() == Some((enrol.code, enrol.epoch)) => {
            Ok(Enrol { roles, at_ms: now_ms(), ..enrol.clone() })
        }
        _ => Err(refused()),
    }
}
