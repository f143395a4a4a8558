//! FileSize: bytes of the finished file against the band of the spec; 1 KB is 1024 bytes.

use super::entry::{Advice, Bounds, Measured, judge};
use super::{Check, Evidence};
use crate::encode::Misfit;
use crate::text::Text;

pub(super) fn check(evidence: &Evidence) -> Check {
    let rule = evidence.spec.file();
    let kb = evidence.encoded.jpeg.len() as f64 / 1024.0;
    let advice = match evidence.encoded.misfit {
        Some(Misfit::TooLarge) => {
            let most = rule.kb_max.unwrap_or_default();
            Text::new(
                format!(
                    "文件 {kb:.1} KB，超出上限 {most} KB 共 {:.1} KB：质量已降到允许的最低值 {}。请用更简洁的衣服和背景、减少噪点后重拍，或请管理员核对规格。",
                    kb - f64::from(most),
                    rule.quality_min
                ),
                format!(
                    "The file has {kb:.1} KB, {:.1} KB above the limit of {most} KB, although quality is at the lowest allowed value {}. Use plainer clothes and more light, or ask the administrator to check the spec.",
                    kb - f64::from(most),
                    rule.quality_min
                ),
            )
        }
        Some(Misfit::TooSmall) => {
            let least = rule.kb_min.unwrap_or_default();
            Text::new(
                format!(
                    "文件 {kb:.1} KB，低于下限 {least} KB 共 {:.1} KB：已用最高质量，且不允许填充。请用更清晰的原图重拍，或请管理员核对规格。",
                    f64::from(least) - kb
                ),
                format!(
                    "The file has {kb:.1} KB, {:.1} KB below the limit of {least} KB, although quality is at its highest; files are not padded. Take a sharper photo, or ask the administrator to check the spec.",
                    f64::from(least) - kb
                ),
            )
        }
        None => Text::default(),
    };
    let bounds = Bounds { unit: "KB", min: rule.kb_min.map(f64::from), max: rule.kb_max.map(f64::from), advisory: false };
    let measured = Measured::value(kb).code("file_band_infeasible");
    let advice = Advice { low: advice.clone(), high: advice, look: Text::default() };
    judge("FileSize", Text::new("文件大小", "File size"), bounds, measured, advice)
}
