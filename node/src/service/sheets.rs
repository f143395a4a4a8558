//! Photos of an approved case side by side on photo paper, to be printed and cut.

use crate::{
    print,
    service::{Change, Kind, Office, Refusal, review, specs},
};
use ::specs::Spec;
use photo::sheet::{Copies, Item, Paper, Setting, lay_out};
use protocol::case::{Case, Status};

/// What is wanted on paper.
#[derive(Debug, Clone, Copy)]
pub struct Order {
    /// The paper.
    pub paper: Paper,
    /// Distance between photos in millimetres.
    pub gap_mm: f64,
    /// How often the photo is wanted.
    pub copies: Copies,
}

/// The PDF of an order.
///
/// # Errors
/// The case is not approved, its photo or spec is elsewhere, or the order does not fit.
pub fn print(office: &Office, case: &Case, order: &Order) -> Result<Vec<u8>, Refusal> {
    if case.status != Status::Approved {
        return Err(Refusal::state("not_approved", "只有审核通过的照片可以打印排版。", "only an approved photo is printed"));
    }
    let said = &case.current.said;
    let known = specs::by_hash(office, said.spec).ok_or_else(specs::not_here_yet)?;
    let jpeg = office.read_blob(said.photo)?.ok_or_else(|| {
        office.tell(Change::Wanted(said.photo));
        photo_elsewhere(office, case)
    })?;
    let (width_mm, height_mm) = size_mm(&known.spec);
    let item = Item { width_mm, height_mm, copies: order.copies };
    let setting = Setting { gap_mm: order.gap_mm, ..Setting::on(order.paper) };
    let layout = lay_out(&[item], &setting)
        .map_err(|error| Refusal { text: error.message().into(), ..Refusal::input(error.code(), "paper", "", "") })?;
    print::sheets(&layout, &[jpeg]).map_err(Refusal::fault)
}

/// The same code as while reviewing, so that whoever asked waits for it; other words, since nothing is decided here.
fn photo_elsewhere(office: &Office, case: &Case) -> Refusal {
    let name = office.office_name(case.captured_by());
    let (zh, en) =
        (format!("照片还在{name}，正在获取，请稍后再打印。"), format!("the photo is still at {name} and is being fetched; print it later"));
    Refusal::new(Kind::State, review::PHOTO_ELSEWHERE, zh, en)
}

/// As the document asks for on paper, or else by the pixels of the file.
fn size_mm(spec: &Spec) -> (f64, f64) {
    let millimetres = |pixels: u32| f64::from(pixels) / f64::from(spec.dpi()) * 25.4;
    spec.print_mm().unwrap_or_else(|| (millimetres(spec.width_px()), millimetres(spec.height_px())))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::service::testing::{Home, picture};

    fn order(paper: Paper, copies: Copies) -> Order {
        Order { paper, gap_mm: 2.0, copies }
    }

    #[test]
    fn only_an_approved_photo_that_is_here_is_printed() {
        let home = Home::new();
        let office = home.open();
        let submitted = home.case(&office, &picture(358, 441, [200, 200, 200]), false);
        assert_eq!(print(&office, &submitted, &order(Paper::SIX_INCH, Copies::Fill)).unwrap_err().code, "not_approved");
        let approved = home.case(&office, &picture(358, 441, [210, 210, 210]), true);
        let pdf = print(&office, &approved, &order(Paper::SIX_INCH, Copies::Fill)).unwrap();
        assert_eq!(&pdf[..5], b"%PDF-");
        let refused = print(&office, &approved, &order(Paper::FIVE_INCH, Copies::Exactly(100_000))).unwrap_err();
        assert!(refused.code.starts_with("sheet_") && !refused.text.zh.is_empty(), "{refused:?}");
        office.store.blobs.remove(approved.current.said.photo).unwrap();
        assert_eq!(print(&office, &approved, &order(Paper::SIX_INCH, Copies::Fill)).unwrap_err().code, "photo_elsewhere");
    }
}
