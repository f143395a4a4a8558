//! Invitations: the province names an office beforehand, and whoever shows the secret first is enrolled as it.

use crate::{
    config::FEDERATION,
    enrolment::{self, Federation},
    invitation::Invitation,
    service::{
        Kind, Office, Refusal,
        office::{days_later, now_ms},
    },
    store::StoreError,
};
use protocol::{
    id::{Millis, OfficeCode, PublicKey, Region},
    record::Roles,
};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use std::sync::PoisonError;

impl Office {
    /// Looks again which secrets are invited.
    pub(super) fn recall_invited(&self) -> Result<(), StoreError> {
        let invited: Vec<Invited> = self.store.invitations()?;
        *self.invited.lock().unwrap_or_else(PoisonError::into_inner) = invited.into_iter().map(|invited| invited.secret_sha256).collect();
        Ok(())
    }
    /// Whether some invitation has this secret, from memory.
    pub fn is_invited(&self, secret: &[u8; 16]) -> bool {
        self.invited.lock().unwrap_or_else(PoisonError::into_inner).contains(&digest(secret))
    }
}

/// Days that an invitation may hold, at most.
pub const DAYS_MAX: u32 = 90;
/// Invitations kept, used ones included. A province has some thousand offices.
const INVITATIONS_MAX: usize = 10_000;

/// An invitation as the province keeps it: without the secret, so that nobody who reads the database can use it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Invited {
    /// Code of the office.
    pub code: String,
    /// Its name.
    pub name: String,
    /// Roles that it gets.
    pub roles: Vec<String>,
    /// Region that it is in charge of; nothing for the whole province, and in invitations of before.
    #[serde(default)]
    pub region: Option<String>,
    /// SHA-256 of the secret, in hexadecimal.
    secret_sha256: String,
    /// When it ends.
    pub expires_ms: Millis,
    /// The key that was enrolled by it.
    pub joined: Option<String>,
}

/// Where an invitation stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum State {
    /// Nobody showed it yet.
    Open,
    /// It was used.
    Joined,
    /// Its days are over.
    Expired,
}

impl Invited {
    /// Where it stands at a time.
    pub fn state(&self, now: Millis) -> State {
        match &self.joined {
            Some(_) => State::Joined,
            None if self.expires_ms <= now => State::Expired,
            None => State::Open,
        }
    }
}

/// Invites an office. The secret is in what comes back and nowhere else; an earlier invitation of that office ends.
///
/// # Errors
/// This is not the province, the code is taken, the name or the days are out of bounds, or the disk refuses.
pub fn invite(
    office: &Office,
    code: OfficeCode,
    name: &str,
    roles: Roles,
    region: Option<&Region>,
    days: u32,
) -> Result<Invitation, Refusal> {
    if !office.is_province() {
        return Err(Refusal::new(Kind::Forbidden, "not_the_province", "只有省级节点可以邀请。", "only the province's node may invite"));
    }
    let name = name.trim();
    if name.is_empty() || name.chars().count() > 100 {
        return Err(Refusal::input("name_invalid", "name", "请填写名称，最多 100 个字。", "give a name of at most 100 characters"));
    }
    if !(1..=DAYS_MAX).contains(&days) {
        let (zh, en) = (format!("有效期为 1 至 {DAYS_MAX} 天。"), format!("an invitation holds 1 to {DAYS_MAX} days"));
        return Err(Refusal::input("days_invalid", "days", zh, en));
    }
    if office.members().office(code).is_some_and(|member| member.is_active()) {
        return Err(Refusal::state(
            "office_enrolled",
            "该代码已登记。要更换密钥，请在该办公点运行 huizhi office new-epoch。",
            "an office with this code is enrolled; for new keys run `huizhi office new-epoch` there",
        ));
    }
    let federation = std::fs::read(office.dir().join(FEDERATION)).map_err(Refusal::fault)?;
    let federation: Federation = serde_json::from_slice(&federation).map_err(Refusal::fault)?;
    if federation.peers.is_empty() {
        return Err(Refusal::state(
            "no_address",
            "federation.json 中没有本节点的地址，新办公点无法连接。请运行 huizhi federation address add /dns4/域名/tcp/8700。",
            "federation.json names no address of this node, so that nobody could reach it: run `huizhi federation address add /dns4/NAME/tcp/8700`",
        ));
    }
    let invited: Vec<Invited> = office.store.invitations()?;
    if invited.len() >= INVITATIONS_MAX {
        return Err(Refusal::state(
            "too_many_invitations",
            "邀请过多，请先删除用过的。",
            "there are too many invitations: remove used ones",
        ));
    }
    let secret: [u8; 16] = rand::random();
    let expires_ms = days_later(now_ms(), days);
    office.store.put_invitation(
        code,
        &Invited {
            code: code.to_string(),
            name: name.to_owned(),
            roles: roles.names().map(str::to_owned).collect(),
            region: region.map(ToString::to_string),
            secret_sha256: digest(&secret),
            expires_ms,
            joined: None,
        },
    )?;
    office.recall_invited()?;
    Ok(Invitation { code, name: name.to_owned(), secret, expires_ms, federation })
}

/// All invitations, by code.
///
/// # Errors
/// The disk refuses.
pub fn list(office: &Office) -> Result<Vec<Invited>, Refusal> {
    Ok(office.store.invitations()?)
}

/// Ends an invitation, or forgets a used one. Who joined by it stays enrolled.
///
/// # Errors
/// There is none, or the disk refuses.
pub fn cancel(office: &Office, code: OfficeCode) -> Result<(), Refusal> {
    if office.store.delete_invitation(code)? {
        office.recall_invited()?;
        return Ok(());
    }
    Err(Refusal::not_found("没有发给该代码的邀请。", "there is no invitation for this code"))
}

/// Enrols the office that shows a secret. `key` is that of its connection. The same office may ask twice, for an answer can be lost.
///
/// # Errors
/// No open invitation has this secret, the request is another office's, or as for [`Office::enrol`].
pub fn accept(office: &Office, key: PublicKey, request: &str, secret: &[u8; 16], now: Millis) -> Result<(), Refusal> {
    let no = || {
        Refusal::new(
            Kind::Forbidden,
            "invitation_not_open",
            "邀请无效、已使用或已过期。",
            "the invitation is unknown, used, cancelled or expired",
        )
    };
    // Of two that show one secret the second waits until it is known what became of the first.
    let _joining = office.joining.lock().unwrap_or_else(PoisonError::into_inner);
    let sha256 = digest(secret);
    let mut invited = list(office)?.into_iter().find(|invited| invited.secret_sha256 == sha256).ok_or_else(no)?;
    match &invited.joined {
        Some(joined) if *joined == key.to_string() => return Ok(()),
        None if invited.state(now) == State::Open => {}
        _ => return Err(no()),
    }
    let mut enrol = enrolment::read_request(request, Roles::named(&invited.roles)?)?;
    if enrol.key != key || enrol.code.to_string() != invited.code {
        return Err(no());
    }
    enrol.name = invited.name.clone();
    enrol.region = invited.region.clone();
    let code = enrol.code;
    if office.members().office(code).is_none_or(|member| member.enrol.key != key) {
        office.enrol(enrol)?;
    }
    invited.joined = Some(key.to_string());
    office.store.put_invitation(code, &invited)?;
    tracing::info!(%code, %key, "an office joined by invitation");
    Ok(())
}

fn digest(secret: &[u8; 16]) -> String {
    hex::encode(Sha256::digest(secret))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::service::{keys::Keys, testing::Home};

    /// A province that has an address, and the keys of an office that is to join it.
    fn province() -> (Home, Office, Home) {
        let home = Home::new();
        let office = home.open();
        let peer = crate::net::peer_id(office.keys.office.public()).unwrap();
        let federation = serde_json::json!({
            "province": office.members().province().to_string(), "peers": [format!("/ip4/127.0.0.1/tcp/1/p2p/{peer}")],
        });
        std::fs::write(home.path().join(FEDERATION), federation.to_string()).unwrap();
        let other = Home::new();
        (home, office, other)
    }

    /// What the office of a code shows with a secret.
    fn show(office: &Office, keys: &Keys, code: &str, secret: &[u8; 16], now: Millis) -> Result<(), Refusal> {
        let origin = protocol::id::Origin::office("test.huizhi", code.parse().unwrap(), 1).unwrap();
        let request = enrolment::write_request(keys, &origin, "another name").unwrap();
        accept(office, keys.office.public(), &request, secret, now)
    }

    #[test]
    fn an_invitation_enrols_one_office_once() {
        let (_home, office, other) = province();
        let keys = Keys::open(&other.path().join("keys")).unwrap();
        let code: OfficeCode = "44030401".parse().unwrap();
        let made = invite(&office, code, " 福田采集点 ", Roles::CAPTURE, Some(&"440300".parse().unwrap()), 7).unwrap();
        assert!(office.is_invited(&made.secret) && !office.is_invited(&[0; 16]));
        let made: Invitation = made.text().parse().unwrap();
        for (case, code, secret, now) in [
            ("another secret", "44030401", [0; 16], 0),
            ("another code", "44030402", made.secret, 0),
            ("too late", "44030401", made.secret, made.expires_ms),
        ] {
            assert_eq!(show(&office, &keys, code, &secret, now).unwrap_err().code, "invitation_not_open", "{case}");
        }
        let thief = Keys::open(&Home::new().path().join("keys"));
        assert!(office.members().office(code).is_none());
        show(&office, &keys, "44030401", &made.secret, 0).unwrap();
        let member = office.members().office(code).cloned().unwrap();
        assert_eq!((member.enrol.key, &*member.enrol.name, member.enrol.roles), (keys.office.public(), "福田采集点", Roles::CAPTURE));
        assert_eq!(member.enrol.region.as_deref(), Some("440300"));
        let size = office.store.head(office.members().province().origin()).size;
        show(&office, &keys, "44030401", &made.secret, 0).expect("its answer may have been lost");
        assert_eq!(office.store.head(office.members().province().origin()).size, size, "nobody is enrolled twice");
        let thief = thief.unwrap();
        assert_eq!(show(&office, &thief, "44030401", &made.secret, 0).unwrap_err().code, "invitation_not_open", "it is used");
        assert_eq!(list(&office).unwrap()[0].state(0), State::Joined);
        assert_eq!(invite(&office, code, "x", Roles::CAPTURE, None, 7).unwrap_err().code, "office_enrolled");
    }

    #[test]
    fn an_invitation_that_was_cancelled_or_replaced_is_no_good_also_after_a_restart() {
        let (home, office, other) = province();
        let keys = Keys::open(&other.path().join("keys")).unwrap();
        let code: OfficeCode = "44030401".parse().unwrap();
        let first = invite(&office, code, "x", Roles::CAPTURE, None, 7).unwrap();
        let second = invite(&office, code, "x", Roles::CAPTURE, None, 7).unwrap();
        assert!(!office.is_invited(&first.secret));
        drop(office);
        let office = home.open();
        assert!(office.is_invited(&second.secret), "open after a restart");
        cancel(&office, code).unwrap();
        assert!(!office.is_invited(&second.secret));
        assert_eq!(show(&office, &keys, "44030401", &second.secret, 0).unwrap_err().code, "invitation_not_open");
        assert_eq!(cancel(&office, code).unwrap_err().kind, Kind::NotFound);
    }

    #[test]
    fn mend_37_of_two_that_show_one_invitation_at_once_one_is_enrolled_and_the_other_told_so() {
        let (_home, office, other) = province();
        let first = Keys::open(&other.path().join("keys")).unwrap();
        let another = Home::new();
        let keys = another.path().join("keys");
        let code: OfficeCode = "44030401".parse().unwrap();
        let made = invite(&office, code, "x", Roles::CAPTURE, None, 7).unwrap();
        let (office, secret) = (std::sync::Arc::new(office), made.secret);
        let loser = std::sync::Arc::new(std::sync::Mutex::new(None));
        let (shown, thread) = (office.clone(), loser.clone());
        // The first one's record stands in the log and not in the membership yet.
        crate::service::office::APPENDED.set(Some(Box::new(move |_| {
            let (office, second_keys) = (shown.clone(), Keys::open(&keys).unwrap());
            let (said, heard) = std::sync::mpsc::sync_channel(1);
            *thread.lock().unwrap() = Some(std::thread::spawn(move || {
                let answer = show(&office, &second_keys, "44030401", &secret, 0);
                let _ = said.send(());
                answer
            }));
            // Whoever waits for the first to be done says nothing yet.
            let _ = heard.recv_timeout(std::time::Duration::from_millis(300));
        })));
        show(&office, &first, "44030401", &secret, 0).unwrap();
        let answer = loser.lock().unwrap().take().unwrap().join().unwrap();
        assert_eq!(answer.unwrap_err().code, "invitation_not_open");
        assert_eq!(office.members().office(code).unwrap().enrol.key, first.office.public());
    }

    #[test]
    fn what_cannot_work_is_not_invited() {
        let (home, office, _other) = province();
        let code: OfficeCode = "44030401".parse().unwrap();
        let refused = |name: &str, days| invite(&office, code, name, Roles::CAPTURE, None, days).unwrap_err().code;
        assert_eq!([refused(" ", 7), refused("x", 0), refused("x", DAYS_MAX + 1)], ["name_invalid", "days_invalid", "days_invalid"]);
        std::fs::write(home.path().join(FEDERATION), r#"{"province":"p","peers":[]}"#).unwrap();
        assert_eq!(refused("x", 7), "no_address");
    }
}
