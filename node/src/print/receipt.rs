//! The receipt: one sheet, A5 or A6, with the number in three forms, the photo at its true size, and what it proves.

use krilla::Document;
use krilla::image::Image;
use krilla::metadata::Metadata;
use krilla::page::PageSettings;
use specs::Template;
use thiserror::Error;

use super::barcode::{self, LINEAR_QUIET, QR_QUIET};
use super::canvas::{BLACK, Canvas, GREY, LIGHT, POINT};
use super::font::Font;

/// Measures of a paper, in mm and pt.
#[derive(Debug)]
struct Form {
    page_mm: (f32, f32),
    margin: f32,
    title_pt: f32,
    /// Where the photo begins, and what leaves room for the fields beside it and the codes below it.
    photo_top: f32,
    photo_mm_max: (f32, f32),
    /// Size of the values beside the photo at best, and at least.
    field_pt: (f32, f32),
    code_side: f32,
    footer: &'static [(f32, &'static str)],
}

const A5: Form = Form {
    page_mm: (148.0, 210.0),
    margin: 12.0,
    title_pt: 18.0,
    photo_top: 38.0,
    photo_mm_max: (60.0, 70.0),
    field_pt: (10.5, 8.0),
    code_side: 32.0,
    footer: FOOTER,
};

/// Half of it: the same facts, and of the footer what a counter must know.
const A6: Form = Form {
    page_mm: (105.0, 148.0),
    margin: 7.0,
    title_pt: 13.0,
    photo_top: 25.0,
    photo_mm_max: (40.0, 52.0),
    field_pt: (8.5, 6.5),
    code_side: 28.0,
    footer: FOOTER_SHORT,
};

impl Form {
    /// The form that was asked for. A photo that would cover the fields of the small one is printed on the large one.
    fn of(sheet: &ReceiptSheet) -> &'static Form {
        match sheet.template {
            Template::A6 if A6.holds(sheet.photo_mm) => &A6,
            Template::A6 | Template::A5 => &A5,
        }
    }
    fn holds(&self, (width, height): (f32, f32)) -> bool {
        width > 1.0 && width <= self.photo_mm_max.0 && height > 1.0 && height <= self.photo_mm_max.1
    }
    fn right(&self) -> f32 {
        self.page_mm.0 - self.margin
    }
}

/// Narrowest bar that office printers and hand scanners agree on.
const LINEAR_MODULE_MM_MIN: f32 = 0.25;

/// What the paper may be used for, each in both languages with its size.
const FOOTER: &[(f32, &str)] = &[
    (7.0, "本回执证明：所列机构的密钥持有者已签名确认，照片文件（以哈希为准）按所列规格审核通过，且记录已载入签发机构的日志。"),
    (
        6.0,
        "This receipt proves that the holders of the named offices' keys signed: the photo file, named by its hash, \
         was approved under the named specification, and the record is in the issuing office's log.",
    ),
    (7.0, "本回执不证明：相片中的人就是申请人；所列时间准确；纸面相片未被替换。请凭号码调阅已签名的相片比对。"),
    (
        6.0,
        "It does not prove that the person in the photo is the applicant, that the times are true, or that the photo \
         on this paper is the signed one: look it up by the number and compare.",
    ),
];

const FOOTER_SHORT: &[(f32, &str)] = &[
    (6.0, "照片文件（以哈希为准）已按所列规格审核通过并载入签发机构日志；请凭号码调阅已签名的相片比对。"),
    (5.5, "The photo file was approved and is in the issuer's log; look it up by the number and compare."),
];

/// Everything that the paper says.
#[derive(Debug, Clone)]
pub struct ReceiptSheet {
    /// The paper.
    pub template: Template,
    /// `回执号` or `图像号`, by policy.
    pub label: String,
    /// The number, grouped for reading.
    pub number_grouped: String,
    /// The number as scanners read it.
    pub number_digits: String,
    /// Name of the document, Chinese.
    pub document_name_zh: String,
    /// Name of the document, English.
    pub document_name_en: String,
    /// Name of the applicant.
    pub applicant_name: String,
    /// Identity number with its middle hidden, if it shall be printed.
    pub id_number_masked: Option<String>,
    /// Office that decided and issued.
    pub issuing_office: String,
    /// Office that took the photo.
    pub capturing_office: String,
    /// Day of issue.
    pub issued: String,
    /// Last day of validity.
    pub valid_until: String,
    /// The standardized photo, a JPEG file.
    pub photo_jpeg: Vec<u8>,
    /// Width and height of the photo on paper.
    pub photo_mm: (f32, f32),
    /// Identifier of the specification.
    pub spec_id: String,
    /// Version of the specification.
    pub spec_version: u32,
    /// Content of the QR code.
    pub qr_text: String,
    /// Where and how the number can be verified.
    pub verify_hint: String,
    /// Name of the federation.
    pub federation: String,
    /// Printed before: the paper says so.
    pub reprint: bool,
}

/// Why a receipt cannot be printed.
#[derive(Debug, Error, PartialEq, Eq)]
pub enum PrintError {
    /// The font lacks a character.
    #[error("the font has no glyph for `{0}` (U+{code:04X})", code = u32::from(*.0))]
    NotPrintable(char),
    /// The photo is no JPEG file.
    #[error("the photo is not a JPEG file: {0}")]
    Photo(String),
    /// The photo does not fit on the form, or its size is no size.
    #[error("a photo of this size does not fit on the form")]
    PhotoSize,
    /// The number or the QR text is too long, or has characters that the code cannot carry.
    #[error("the {0} cannot carry its text")]
    Barcode(&'static str),
    /// The PDF library refused.
    #[error("the PDF could not be written: {0}")]
    Document(String),
}

/// Draws the sheet; the same sheet and font give the same bytes.
pub fn render(sheet: &ReceiptSheet, font: &Font) -> Result<Vec<u8>, PrintError> {
    let form = Form::of(sheet);
    let (width, height) = sheet.photo_mm;
    if !form.holds(sheet.photo_mm) {
        return Err(PrintError::PhotoSize);
    }
    let photo = Image::from_jpeg(sheet.photo_jpeg.clone().into(), false).map_err(PrintError::Photo)?;
    let mut document = Document::new();
    document.set_metadata(
        Metadata::new()
            .title(format!("{} {}", sheet.label, sheet.number_grouped))
            .language("zh-CN".to_owned())
            .producer("huizhi".to_owned()),
    );
    let settings = PageSettings::from_wh(form.page_mm.0 * POINT, form.page_mm.1 * POINT)
        .ok_or_else(|| PrintError::Document("page size".to_owned()))?;
    let mut page = document.start_page_with(settings);
    let mut surface = page.surface();
    let mut canvas = Canvas { surface: &mut surface, font };
    let (left, top) = (form.margin, form.photo_top);
    header(&mut canvas, form, sheet)?;
    canvas.image(photo, left, top, width, height);
    canvas.frame(left, top, width, height, LIGHT);
    canvas.text(left, top + height + 3.5, 6.5, GREY, &format!("{width} × {height} mm"))?;
    let fields_end = fields(&mut canvas, form, sheet, left + width + 0.6 * form.margin)?;
    let y = fields_end.max(top + height + 6.0);
    let y = linear_code(&mut canvas, form, sheet, y + form.margin / 3.0)?;
    footer(&mut canvas, form, sheet, y + form.margin / 4.0)?;
    surface.finish();
    page.finish();
    super::scaling::actual_size(document.finish().map_err(|error| PrintError::Document(format!("{error:?}")))?)
}

fn header(canvas: &mut Canvas<'_, '_>, form: &Form, sheet: &ReceiptSheet) -> Result<(), PrintError> {
    let (left, right, top) = (form.margin, form.right(), form.margin);
    canvas.text(left, top + 2.0, 8.0, GREY, &sheet.federation)?;
    if sheet.reprint {
        let mark = "补打 REPRINT";
        let x = right - canvas.width(mark, 8.0);
        canvas.frame(x - 2.0, top - 1.8, right - x + 2.0, 5.4, GREY);
        canvas.text(x - 1.0, top + 2.0, 8.0, BLACK, mark)?;
    }
    let title = form.photo_top - 13.5;
    canvas.centred((left, right), title, form.title_pt, BLACK, "数字相片采集回执")?;
    canvas.centred((left, right), title + 5.0, 8.0, GREY, "Receipt for a Digital ID Photo")?;
    canvas.bar(left, form.photo_top - 5.5, right - left, 0.4, BLACK);
    Ok(())
}

/// The column beside the photo; returns where it ends.
fn fields(canvas: &mut Canvas<'_, '_>, form: &Form, sheet: &ReceiptSheet, x: f32) -> Result<f32, PrintError> {
    let width = form.right() - x;
    let (best, least) = form.field_pt;
    canvas.text(x, form.photo_top + 2.5, 7.0, GREY, &sheet.label)?;
    let number = (x, form.photo_top + 8.5);
    let mut y = canvas.fitted(number, width, (1.4 * best, 1.1 * least), (1, 2), &sheet.number_grouped)? - 1.0;
    let document = format!("{} {}", sheet.document_name_zh, sheet.document_name_en);
    let spec = format!("{} v{}", sheet.spec_id, sheet.spec_version);
    let dates = format!("{} — {}", sheet.issued, sheet.valid_until);
    let mut rows = vec![("证件类型 Document", document.as_str()), ("姓名 Name", &sheet.applicant_name)];
    if let Some(number) = &sheet.id_number_masked {
        rows.push(("公民身份号码 ID number", number));
    }
    rows.extend([
        ("采集机构 Captured by", sheet.capturing_office.as_str()),
        ("签发机构 Issued by", &sheet.issuing_office),
        ("签发日期 — 有效期至 Issued — valid until", &dates),
        ("执行规格 Specification", &spec),
    ]);
    for (label, value) in rows {
        canvas.text(x, y, 0.62 * best, GREY, label)?;
        y = canvas.fitted((x, y + 0.4 * best), width, form.field_pt, (1, 2), value)? + 0.4;
    }
    Ok(y - 3.0)
}

/// Code 128 over the full width with its digits below; returns where it ends.
fn linear_code(canvas: &mut Canvas<'_, '_>, form: &Form, sheet: &ReceiptSheet, y: f32) -> Result<f32, PrintError> {
    const HEIGHT: f32 = 12.0;
    let (left, right) = (form.margin, form.right());
    let code = barcode::linear(&sheet.number_digits).ok_or(PrintError::Barcode("barcode"))?;
    let module = ((right - left) / (code.width + 2 * LINEAR_QUIET) as f32).min(0.5);
    if module < LINEAR_MODULE_MM_MIN {
        return Err(PrintError::Barcode("barcode"));
    }
    let width = code.width as f32 * module;
    canvas.modules(&code, (left + right - width) / 2.0, y, (module, HEIGHT));
    canvas.centred((left, right), y + HEIGHT + 3.8, 8.0, BLACK, &sheet.number_digits)?;
    Ok(y + HEIGHT + 5.0)
}

fn footer(canvas: &mut Canvas<'_, '_>, form: &Form, sheet: &ReceiptSheet, y: f32) -> Result<(), PrintError> {
    let (left, right, side) = (form.margin, form.right(), form.code_side);
    canvas.bar(left, y, right - left, 0.2, LIGHT);
    let code = barcode::square(&sheet.qr_text).ok_or(PrintError::Barcode("QR code"))?;
    let module = side / (code.width + 2 * QR_QUIET) as f32;
    let quiet = QR_QUIET as f32 * module;
    canvas.modules(&code, left + quiet, y + 2.0 + quiet, (module, module));
    let x = left + side + 3.0;
    let width = right - x;
    let mut text_y = canvas.fitted((x, y + 5.5), width, (8.0, 6.5), (2, 3), &sheet.verify_hint)? + 0.8;
    for (size, text) in form.footer {
        text_y = canvas.paragraph((x, text_y), width, *size, GREY, text)? + 0.4;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sheet() -> ReceiptSheet {
        let mut jpeg = Vec::new();
        let pixels = image::RgbImage::from_fn(358, 441, |x, y| image::Rgb([200, (x / 2) as u8, (y / 2) as u8]));
        let encoder = image::codecs::jpeg::JpegEncoder::new(&mut jpeg);
        pixels.write_with_encoder(encoder).expect("memory");
        ReceiptSheet {
            template: Template::A5,
            label: "回执号".to_owned(),
            number_grouped: "4403 0101 2026 0000 0187 42".to_owned(),
            number_digits: "4403010120260000018742".to_owned(),
            document_name_zh: "居民身份证".to_owned(),
            document_name_en: "Resident identity card".to_owned(),
            applicant_name: "欧阳䶮".to_owned(),
            id_number_masked: Some("440301********1234".to_owned()),
            issuing_office: "广东省数字相片中心".to_owned(),
            capturing_office: "深圳市南山区政务服务中心".to_owned(),
            issued: "2026-11-21".to_owned(),
            valid_until: "2027-05-20".to_owned(),
            photo_jpeg: jpeg,
            photo_mm: (26.0, 32.0),
            spec_id: "cn-id-card".to_owned(),
            spec_version: 3,
            qr_text: "4403010120260000018742 sha256:".to_owned() + &"0123456789abcdef".repeat(4),
            verify_hint: "在任一办理点的“核验”页面输入回执号即可核验。Any office verifies the number on its page \"Verify\".".to_owned(),
            federation: "岭南相片联网".to_owned(),
            reprint: true,
        }
    }

    fn font() -> Font {
        Font::find(None).expect("fonts-noto-cjk")
    }

    fn count(bytes: &[u8], needle: &[u8]) -> usize {
        bytes.windows(needle.len()).filter(|window| *window == needle).count()
    }

    #[test]
    fn one_page_and_the_same_bytes_every_time() {
        let first = render(&sheet(), &font()).expect("a good sheet");
        assert!(first.starts_with(b"%PDF"));
        assert_eq!(count(&first, b"/Type /Page\n") + count(&first, b"/Type/Page/"), 1);
        assert!(first.len() < 200_000, "{} bytes: is the font subset?", first.len());
        assert_eq!(first, render(&sheet(), &font()).expect("a good sheet"));
        if let Some(path) = std::env::var_os("HUIZHI_RECEIPT_SAMPLE") {
            std::fs::write(path, first).expect("a writable path");
        }
    }

    #[test]
    fn long_names_shrink_and_wrap() {
        let mut sheet = sheet();
        sheet.applicant_name = "阿卜杜热依木·".repeat(12);
        sheet.capturing_office = "很长的机构名称".repeat(9);
        sheet.document_name_en = "Permit ".repeat(20);
        sheet.issuing_office = "A very long name of an office ".repeat(6);
        sheet.number_grouped = "4403 ".repeat(12);
        sheet.photo_mm = A5.photo_mm_max;
        let pdf = render(&sheet, &font()).expect("long is not wrong");
        if let Some(path) = std::env::var_os("HUIZHI_RECEIPT_LONG") {
            std::fs::write(path, pdf).expect("a writable path");
        }
    }

    #[test]
    fn the_small_form_holds_the_same_facts() {
        let mut sheet = sheet();
        sheet.template = Template::A6;
        let pdf = render(&sheet, &font()).expect("a good sheet");
        assert_eq!(count(&pdf, b"/Type /Page\n") + count(&pdf, b"/Type/Page/"), 1);
        if let Some(path) = std::env::var_os("HUIZHI_RECEIPT_SLIP") {
            std::fs::write(path, pdf).expect("a writable path");
        }
        sheet.photo_mm = A5.photo_mm_max;
        assert!(render(&sheet, &font()).is_ok(), "what would cover the fields goes on the large form");
    }

    #[test]
    fn what_cannot_be_printed_is_refused() {
        let with = |change: fn(&mut ReceiptSheet)| {
            let mut sheet = sheet();
            change(&mut sheet);
            render(&sheet, &font())
        };
        let jpeg = with(|sheet| sheet.photo_jpeg = b"GIF89a".to_vec());
        assert!(matches!(jpeg, Err(PrintError::Photo(_))));
        assert_eq!(with(|sheet| sheet.applicant_name = "\u{1f600}".to_owned()), Err(PrintError::NotPrintable('\u{1f600}')));
        assert_eq!(with(|sheet| sheet.photo_mm = (0.0, f32::NAN)), Err(PrintError::PhotoSize));
        assert_eq!(with(|sheet| sheet.number_digits = "1".repeat(120)), Err(PrintError::Barcode("barcode")));
        assert_eq!(with(|sheet| sheet.qr_text = "1".repeat(9000)), Err(PrintError::Barcode("QR code")));
    }
}
