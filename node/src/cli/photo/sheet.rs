//! `huizhi photo sheet`: finished photos on photo paper.

use super::{find_spec, read};
use crate::{print, store};
use anyhow::{Context, Result, anyhow, bail};
use clap::Args;
use photo::sheet::{Copies, Item, Paper, Setting, SheetError, draw, lay_out};
use serde_json::json;
use std::{
    path::{Path, PathBuf},
    process::ExitCode,
};

/// Photos in, sheets out.
#[derive(Debug, Args)]
pub(in crate::cli) struct SheetArgs {
    /// Finished photos. `FILE` fills the paper, `FILE*4` is printed four times, `FILE@cn-id-card` has the print size of that
    /// document; otherwise the size follows from the pixels and the dpi of the file.
    #[arg(required = true)]
    photos: Vec<String>,
    /// Paper: 5in, 6in or a4.
    #[arg(long, default_value = "6in")]
    paper: String,
    /// Distance between photos in millimetres.
    #[arg(long, default_value_t = 2.0)]
    gap: f64,
    /// Edge that the printer cannot reach, in millimetres.
    #[arg(long, default_value_t = 3.0)]
    margin: f64,
    /// Resolution of a JPEG; a PDF has none.
    #[arg(long, default_value_t = 300)]
    dpi: u32,
    /// Leave the marks to cut along and the ruler out.
    #[arg(long)]
    no_marks: bool,
    /// Where to write, ending in .pdf or .jpg; further JPEG sheets get -2, -3 … before the ending.
    #[arg(long)]
    out: PathBuf,
}

pub(super) fn run(dir: &Path, json: bool, args: SheetArgs) -> Result<ExitCode> {
    let paper = Paper::find(&args.paper).ok_or_else(|| anyhow!("no paper {}; take 5in, 6in or a4", args.paper))?;
    let setting = Setting { paper, gap_mm: args.gap, margin_mm: args.margin, cut_marks: !args.no_marks };
    let mut items = Vec::new();
    let mut jpegs = Vec::new();
    for wanted in &args.photos {
        let (item, jpeg) = photo(dir, wanted)?;
        items.push(item);
        jpegs.push(jpeg);
    }
    let layout = lay_out(&items, &setting).map_err(|error| told(&error))?;
    let ending = args.out.extension().map(|ending| ending.to_string_lossy().to_lowercase()).unwrap_or_default();
    let files = match ending.as_str() {
        "pdf" => vec![(args.out.clone(), print::sheets(&layout, &jpegs)?)],
        "jpg" | "jpeg" => {
            let photos: Vec<photo::Rgb> =
                jpegs.iter().map(|jpeg| Ok(photo::decode::decode(jpeg)?.image)).collect::<Result<_, photo::DecodeError>>()?;
            let mut files = Vec::new();
            for (index, sheet) in layout.sheets.iter().enumerate() {
                let bytes = draw(&layout, sheet, &photos, args.dpi).map_err(|error| told(&error))?;
                files.push((numbered(&args.out, index), bytes));
            }
            files
        }
        _ => bail!("{}: a sheet ends in .pdf or .jpg", args.out.display()),
    };
    for (path, bytes) in &files {
        store::replace_file(path, bytes).with_context(|| format!("cannot write {}", path.display()))?;
    }
    let counts: Vec<usize> = layout.sheets.iter().map(|sheet| sheet.places.len()).collect();
    let paths: Vec<&PathBuf> = files.iter().map(|(path, _)| path).collect();
    let value = json!({ "paper_mm": [layout.paper_mm.0, layout.paper_mm.1], "photos_on_each_sheet": counts, "files": paths });
    crate::cli::print(json, &value, |_| {
        let paths: Vec<String> = paths.iter().map(|path| path.display().to_string()).collect();
        format!("{} × {} mm, photos on each sheet: {counts:?} -> {}", layout.paper_mm.0, layout.paper_mm.1, paths.join(", "))
    });
    Ok(ExitCode::SUCCESS)
}

fn told(error: &SheetError) -> anyhow::Error {
    anyhow!("{}\n  {}", error.message().en, error.message().zh)
}

/// `FILE`, `FILE@spec`, `FILE*4`, `FILE@spec*4`.
fn photo(dir: &Path, wanted: &str) -> Result<(Item, Vec<u8>)> {
    let (rest, copies) = match wanted.rsplit_once('*').map(|(rest, count)| (rest, count.parse::<u32>())) {
        Some((rest, Ok(count))) => (rest, Copies::Exactly(count)),
        _ => (wanted, Copies::Fill),
    };
    let (file, spec) = match rest.rsplit_once('@') {
        Some((file, spec)) if !Path::new(rest).is_file() => (file, Some(find_spec(dir, spec)?)),
        _ => (rest, None),
    };
    let jpeg = read(Path::new(file))?;
    let print_mm = spec.as_ref().and_then(specs::Spec::print_mm);
    let (width_mm, height_mm) = match print_mm {
        Some(print_mm) => {
            fits(&jpeg, print_mm)
                .with_context(|| format!("{file} cannot be printed as {}", rest.rsplit('@').next().unwrap_or_default()))?;
            print_mm
        }
        None => size_mm(&jpeg).with_context(|| format!("{file} is no JPEG that names its dpi; say FILE@document"))?,
    };
    Ok((Item { width_mm, height_mm, copies }, jpeg))
}

/// Greatest difference of two aspects that nobody sees in a face.
const SAME_ASPECT: f64 = 0.02;

/// Refuses a photo that the print size of another document would stretch.
fn fits(jpeg: &[u8], (width_mm, height_mm): (f64, f64)) -> Result<()> {
    let image = photo::decode::decode(jpeg)?.image;
    let (width, height) = (image.width(), image.height());
    let stretch = (width as f64 / height as f64) / (width_mm / height_mm);
    if (stretch - 1.0).abs() > SAME_ASPECT {
        bail!(
            "its {width}×{height} pixels would be stretched to {width_mm}×{height_mm} mm; make the photo of this document first \
             该照片的长宽比与此证件不符，直接打印会变形，请先制作该证件的照片"
        );
    }
    Ok(())
}

/// Size by the pixels and by the density of the JFIF header.
fn size_mm(jpeg: &[u8]) -> Option<(f64, f64)> {
    let is_jfif = jpeg.get(..4)? == [0xff, 0xd8, 0xff, 0xe0] && jpeg.get(6..11)? == b"JFIF\0" && *jpeg.get(13)? == 1;
    let density = |at: usize| Some(f64::from(u16::from_be_bytes([*jpeg.get(at)?, *jpeg.get(at + 1)?]))).filter(|dpi| *dpi >= 1.0);
    let image = photo::decode::decode(jpeg).ok()?.image;
    is_jfif.then_some(())?;
    Some((image.width() as f64 / density(14)? * 25.4, image.height() as f64 / density(16)? * 25.4))
}

fn numbered(path: &Path, index: usize) -> PathBuf {
    if index == 0 {
        return path.to_owned();
    }
    let stem = path.file_stem().map(|stem| stem.to_string_lossy().into_owned()).unwrap_or_default();
    let ending = path.extension().map(|ending| ending.to_string_lossy().into_owned()).unwrap_or_default();
    path.with_file_name(format!("{stem}-{}.{ending}", index + 1))
}

#[cfg(test)]
mod tests {
    //! Faces keep their shape.
    use super::*;

    #[test]
    fn a_photo_of_another_shape_is_not_stretched() {
        let jpeg = |width, height| {
            let mut bytes = std::io::Cursor::new(Vec::new());
            image::DynamicImage::new_rgb8(width, height).write_to(&mut bytes, image::ImageFormat::Jpeg).unwrap();
            bytes.into_inner()
        };
        assert!(fits(&jpeg(358, 441), (26.0, 32.0)).is_ok());
        assert!(fits(&jpeg(413, 531), (35.0, 45.0)).is_ok());
        let error = fits(&jpeg(413, 413), (35.0, 45.0)).unwrap_err();
        assert!(error.to_string().contains("stretched"), "{error}");
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("square.jpg");
        std::fs::write(&file, jpeg(600, 600)).unwrap();
        let error = photo(dir.path(), &format!("{}@jp-passport", file.display())).unwrap_err();
        assert!(format!("{error:#}").contains("jp-passport: its 600×600"), "{error:#}");
    }
}
