//! A page without any file beside it.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use image::ImageFormat;
use photo::Rgb;

/// The page under way.
pub(crate) struct Page {
    body: String,
}

const STYLE: &str = "body{font:15px/1.5 system-ui,sans-serif;max-width:75rem;margin:2rem auto;padding:0 1rem;color:#1c2430}\
h1{font-size:1.5rem}h2{font-size:1.2rem;margin-top:2.5rem;border-bottom:1px solid #d6dbe3}table{border-collapse:collapse;margin:1rem 0}\
th,td{padding:.25rem .7rem;text-align:right;border-bottom:1px solid #e6e9ee;font-variant-numeric:tabular-nums}\
th:first-child,td:first-child{text-align:left}figure{display:inline-block;margin:.4rem}figcaption{font-size:.8rem;color:#556}\
img{display:block;max-width:230px;border:1px solid #d6dbe3}.bad{color:#a1260d;font-weight:600}.good{color:#1c6b3a;font-weight:600}";

impl Page {
    pub(crate) fn new(title: &str) -> Page {
        Page {
            body: format!(
                "<!doctype html><html lang=\"en\"><meta charset=\"utf-8\"><title>{title}</title><style>{STYLE}</style><h1>{title}</h1>"
            ),
        }
    }

    pub(crate) fn heading(&mut self, words: &str) {
        self.body += &format!("<h2>{words}</h2>");
    }

    /// A paragraph; the words may hold markup.
    pub(crate) fn words(&mut self, words: &str) {
        self.body += &format!("<p>{words}</p>");
    }

    /// A target with what was measured; said in colour and in words.
    pub(crate) fn target(&mut self, target: &str, measured: &str, is_met: bool) {
        let (class, state) = if is_met { ("good", "met") } else { ("bad", "NOT MET") };
        println!("{state:>8}  {target}: {measured}");
        self.body += &format!("<p>{target}: {measured} <span class=\"{class}\">{state}</span></p>");
    }

    pub(crate) fn table(&mut self, heads: &[&str], rows: &[Vec<String>]) {
        let cells = |tag: &str, cells: Vec<&str>| cells.iter().map(|cell| format!("<{tag}>{cell}</{tag}>")).collect::<String>();
        self.body += &format!("<table><tr>{}</tr>", cells("th", heads.to_vec()));
        for row in rows {
            self.body += &format!("<tr>{}</tr>", cells("td", row.iter().map(String::as_str).collect()));
        }
        self.body += "</table>";
    }

    pub(crate) fn picture(&mut self, caption: &str, image: &Rgb) {
        let mut png = std::io::Cursor::new(Vec::new());
        image::write_buffer_with_format(
            &mut png,
            image.as_bytes(),
            image.width() as u32,
            image.height() as u32,
            image::ExtendedColorType::Rgb8,
            ImageFormat::Png,
        )
        .unwrap();
        self.file(caption, "png", png.get_ref());
    }

    pub(crate) fn jpeg(&mut self, caption: &str, jpeg: &[u8]) {
        self.file(caption, "jpeg", jpeg);
    }

    fn file(&mut self, caption: &str, kind: &str, bytes: &[u8]) {
        let data = STANDARD.encode(bytes);
        self.body += &format!("<figure><img alt=\"\" src=\"data:image/{kind};base64,{data}\"><figcaption>{caption}</figcaption></figure>");
    }

    pub(crate) fn finished(self) -> String {
        self.body + "</html>\n"
    }
}

/// A share in percent.
pub(crate) fn percent(part: usize, whole: usize) -> String {
    format!("{:.1} %", 100.0 * part as f64 / whole.max(1) as f64)
}
