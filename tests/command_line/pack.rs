//! `phosphene pack check|show|generate` as functions: documents, files and exit codes.

use clap::Parser;
use phosphene::cli::pack::{GenerateArgs, PackArgs, PackCommand, check, generate, show};

use crate::harness::decode::{Copy, runtime_library, tiny};

#[derive(Parser)]
struct Line {
    #[command(flatten)]
    pack: PackArgs,
}

fn parse(args: &[&str]) -> Result<PackCommand, clap::Error> {
    Line::try_parse_from([&["pack"], args].concat()).map(|line| line.pack.command)
}

fn painting(extra: &[&str], out: &std::path::Path) -> GenerateArgs {
    let (dir, out) = (tiny(), out.to_str().unwrap().to_owned());
    let args = [&["generate", dir.to_str().unwrap(), "--out", &out], extra].concat();
    match parse(&args) {
        Ok(PackCommand::Generate(args)) => args,
        other => panic!("{other:?}"),
    }
}

#[test]
fn check_and_show_give_the_identity() {
    let checked = check(&tiny(), &runtime_library()).unwrap();
    let shown = show(&tiny(), None).unwrap();
    assert_eq!(checked.json["ok"], true);
    assert_eq!(checked.json["gallery"], 5);
    assert!(checked.json["milliseconds"]["encode"].is_number());
    assert_eq!(checked.json["sha256"], shown.json["sha256"]);
    assert_eq!(shown.json["manifest"]["generator"]["steps"], 2);
    assert!(shown.text.contains("trained on   simulated signal only"));
}

#[test]
fn a_bad_pack_ends_with_code_4() {
    let copy = Copy::new();
    std::fs::write(copy.path().join("prior.onnx"), b"other").unwrap();
    let failure = check(copy.path(), &runtime_library()).unwrap_err();
    assert_eq!(failure.code, 4);
    assert!(failure.message.contains("prior.onnx"), "{failure}");
    assert_eq!(show(copy.path(), None).unwrap_err().code, 4);
}

#[test]
fn generate_paints_a_label_the_same_way_twice() {
    let dir = tempfile::tempdir().unwrap();
    let paint = |name: &str, extra: &[&str]| {
        let out = dir.path().join(name);
        generate(&painting(extra, &out), &runtime_library()).unwrap();
        image::open(out).unwrap().to_rgb8().into_raw()
    };
    let first = paint("a.png", &["--label", "Cat", "--seed", "3"]);
    assert_eq!(first.len(), 16 * 16 * 3);
    assert_eq!(first, paint("b.png", &["--label", "cat", "--seed", "3"]));
    assert_ne!(first, paint("c.png", &["--label", "cat", "--seed", "4"]));
    assert_ne!(first, paint("d.png", &["--label", "egg", "--seed", "3"]));
}

#[test]
fn generate_paints_any_number_of_steps_and_says_what_is_unusual() {
    let dir = tempfile::tempdir().unwrap();
    let paint = |steps: &str, seed: &str| {
        let out = dir.path().join(format!("{steps}-{seed}.png"));
        let args = painting(&["--label", "cat", "--steps", steps, "--seed", seed], &out);
        let report = generate(&args, &runtime_library()).unwrap();
        assert_eq!(report.json["trained_for_steps"], !report.text.contains("note:"));
        (report.json["trained_for_steps"].as_bool().unwrap(), image::open(out).unwrap().to_rgb8())
    };
    let (trained, prior) = paint("0", "1");
    assert!(!trained);
    assert_eq!(prior, paint("0", "2").1, "the prior alone knows no noise");
    assert_ne!(prior, paint("1", "1").1);
    assert_eq!((paint("2", "1").0, paint("3", "1").0, paint("64", "1").0), (true, false, false));
    assert_ne!(paint("3", "1").1, paint("2", "1").1);
}

#[test]
fn a_pack_without_a_prior_has_nothing_to_show_in_no_steps() {
    let copy = Copy::new();
    let prior = "prior = \"prior.onnx\"";
    copy.edit(prior, "")
        .edit("prior_input", "# prior_input")
        .edit("prior_output", "# prior_output");
    let mut args = painting(&["--label", "cat", "--steps", "0"], &copy.path().join("o.png"));
    args.dir = copy.path().to_owned();
    let failure = generate(&args, &runtime_library()).unwrap_err();
    assert!(failure.code == 2 && failure.message.contains("no prior"), "{failure}");
}

#[test]
fn generate_puts_several_seeds_on_one_sheet() {
    let dir = tempfile::tempdir().unwrap();
    let paint = |name: &str, extra: &[&str]| {
        let out = dir.path().join(name);
        let args = painting(&[&["--label", "boat", "--seed", "7"], extra].concat(), &out);
        generate(&args, &runtime_library()).unwrap();
        image::open(out).unwrap().to_rgb8()
    };
    let sheet = paint("sheet.png", &["--count", "5"]);
    assert_eq!(sheet.dimensions(), (3 * 16 + 2 * 4, 2 * 16 + 4));
    let first = image::imageops::crop_imm(&sheet, 0, 0, 16, 16).to_image();
    assert_eq!(first, paint("one.png", &[]));
    assert_ne!(first, image::imageops::crop_imm(&sheet, 20, 0, 16, 16).to_image());
}

#[test]
fn generate_takes_every_kind_of_picture_file() {
    let dir = tempfile::tempdir().unwrap();
    let drawing =
        image::RgbImage::from_fn(50, 30, |x, y| image::Rgb([x as u8 * 5, y as u8 * 8, 90]));
    for name in ["in.png", "in.jpg", "in.webp", "jpeg_that_says.png"] {
        let file = dir.path().join(name);
        match name {
            "jpeg_that_says.png" => {
                drawing.save_with_format(&file, image::ImageFormat::Jpeg).unwrap()
            }
            _ => drawing.save(&file).unwrap(),
        }
        let args = painting(&["--image", file.to_str().unwrap()], &dir.path().join("out.png"));
        assert_eq!(generate(&args, &runtime_library()).unwrap().json["ok"], true, "{name}");
    }
}

#[test]
fn generate_takes_a_picture_of_any_size() {
    let dir = tempfile::tempdir().unwrap();
    let picture = dir.path().join("in.png");
    image::RgbaImage::from_pixel(40, 10, image::Rgba([200, 30, 30, 120])).save(&picture).unwrap();
    let out = dir.path().join("out.png");
    let args = painting(&["--image", picture.to_str().unwrap(), "--steps", "1"], &out);
    assert_eq!(generate(&args, &runtime_library()).unwrap().json["steps"], 1);
    assert!(out.exists());
}

#[test]
fn what_is_wrong_decides_the_exit_code() {
    let dir = tempfile::tempdir().unwrap();
    let (out, nowhere) = (dir.path().join("o.png"), dir.path().join("no/o.png"));
    let text = dir.path().join("text.png");
    std::fs::write(&text, "not a picture").unwrap();
    let code = |extra: &[&str], out: &std::path::Path| {
        let failure = generate(&painting(extra, out), &runtime_library()).unwrap_err();
        (failure.code, failure.message)
    };
    let (unknown, message) = code(&["--label", "appel"], &out);
    assert!(unknown == 2 && message.contains("apple, boat"), "{message}");
    assert!(message.contains("Nearest: apple."), "{message}");
    for wrong in [["--steps", "65"], ["--count", "0"], ["--count", "65"]] {
        let (usage, message) = code(&[&["--label", "cat"][..], &wrong].concat(), &out);
        assert!(usage == 2 && message.contains(wrong[0]), "{message}");
    }
    let many_of_one = ["--label", "cat", "--steps", "0", "--count", "2"];
    assert_eq!(code(&many_of_one, &out).0, 2);
    assert_eq!(code(&["--label", "cat"], &nowhere).0, 5);
    assert_eq!(code(&["--image", text.to_str().unwrap()], &out).0, 6);
    assert!(!out.exists());
    assert!(parse(&["generate", "x", "--out", "o.png"]).is_err(), "--label or --image is needed");
}
