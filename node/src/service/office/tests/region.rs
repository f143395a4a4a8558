//! The region that an office is in charge of: who names it, and what it changes.

use super::*;
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use protocol::{id::Region, sync::follow::Scope};

#[test]
fn a_region_is_named_by_the_province_alone_and_changes_what_is_followed() {
    let home = testing::Home::new();
    let province = home.open();
    let (_homes, reviewer) = testing::Home::join(&province, "44030002", Roles::REVIEW);
    let (_home_of_city, in_city) = testing::Home::apart(&province, "44030003", Roles::CAPTURE);
    let (_home_elsewhere, elsewhere) = testing::Home::apart(&province, "44010003", Roles::CAPTURE);
    let needed = Follow { scope: Some(Scope::Needed), ..Follow::default() };
    let holds = |of: &Office| needed.logs(&province.members(), reviewer.code()).contains(of.origin());
    // Without a witness key no log falls to it by lot.
    let said = |region: Option<&str>| Enrol {
        witness: None,
        region: region.map(Into::into),
        ..enrolment::enrol_self(&reviewer.keys, reviewer.code(), "reviewer", Roles::REVIEW)
    };
    province.enrol(said(None)).unwrap();
    assert!(holds(&in_city) && holds(&elsewhere), "the whole province");
    let shenzhen: Region = "440300".parse().unwrap();
    province.set_region(reviewer.code(), Some(&shenzhen)).unwrap();
    assert!(holds(&in_city) && !holds(&elsewhere));
    let size = || province.store.head(province.members().province().origin()).size;
    let before = size();
    province.set_region(reviewer.code(), Some(&shenzhen)).unwrap();
    assert_eq!(size(), before, "what stands is not written again");

    // What an office writes into its own request is not what the province said; enrolled again it keeps what it has.
    let origin = reviewer.origin().clone();
    let own = Signed::sign(&origin, &reviewer.keys.office, &Record::Enrol(said(Some("440100")))).unwrap();
    let asked = enrolment::read_request(&format!("HUIZHI-ENROL1:{origin}:{}", URL_SAFE_NO_PAD.encode(own.bytes())), Roles::REVIEW).unwrap();
    assert_eq!((&asked.region, &asked.roles_from), (&None, &None));
    province.enrol(Enrol { witness: None, ..asked }).unwrap();
    assert_eq!(province.members().office(reviewer.code()).unwrap().enrol.region.as_deref(), Some("440300"));
    province.set_region(reviewer.code(), None).unwrap();
    assert!(holds(&elsewhere));
    drop(province);
    assert_eq!(home.open().members().office(reviewer.code()).unwrap().enrol.region, None, "also after a restart");
    assert_eq!(reviewer.set_region(reviewer.code(), Some(&shenzhen)).unwrap_err().code, "not_the_province");
    for (text, region) in [(None, None), (Some("  "), None), (Some(" 440300 "), Some("440300"))] {
        assert_eq!(read_region(text).unwrap().as_ref().map(Region::as_str), region);
    }
    assert_eq!(read_region(Some("4403")).unwrap_err().code, "region_invalid");
}
