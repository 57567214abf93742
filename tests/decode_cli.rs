//! `phosphene pack check|show|generate` as functions: documents, files and exit codes.
#![allow(clippy::unwrap_used)] // tests, also where a shared function does it

mod decode_support;

use clap::Parser;
use decode_support::{Copy, runtime_library, tiny};
use phosphene::cli::pack::{GenerateArgs, PackArgs, PackCommand, check, generate, show};

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
    let (unknown, message) = code(&["--label", "zebra"], &out);
    assert!(unknown == 2 && message.contains("apple, boat"), "{message}");
    assert_eq!(code(&["--label", "cat", "--steps", "3"], &out).0, 2);
    assert_eq!(code(&["--label", "cat"], &nowhere).0, 5);
    assert_eq!(code(&["--image", text.to_str().unwrap()], &out).0, 6);
    assert!(!out.exists());
    assert!(parse(&["generate", "x", "--out", "o.png"]).is_err(), "--label or --image is needed");
}
