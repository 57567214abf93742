//! Finding the native libraries: the real ones where they are set up, and files that are something else.

use std::path::PathBuf;

use phosphene::native::{Found, Library, NativeError, check, find};

#[test]
fn a_library_is_found_with_its_version_or_the_remedy_is_told() {
    for library in Library::ALL {
        match find(library) {
            Ok(found) => {
                let Found { library: of, version, origin, path } = found;
                assert_eq!(of, library);
                assert!(version.contains('.'), "{version}");
                println!("{library} {version} {origin:?} {}", path.display());
            }
            Err(error) => assert!(error.to_string().contains("cargo xtask setup"), "{error}"),
        }
    }
}

#[test]
fn files_that_are_something_else_are_refused_with_a_reason() {
    let folder = tempfile::tempdir().unwrap();
    let text = folder.path().join("liblsl.so");
    std::fs::write(&text, "I am not a library\n").unwrap();
    let empty = folder.path().join("empty.so");
    std::fs::write(&empty, "").unwrap();
    let absent = folder.path().join("absent.so");
    for path in [text, empty, absent, folder.path().to_owned()] {
        for library in Library::ALL {
            let error = check(library, path.clone()).unwrap_err();
            assert_eq!(error.tried.len(), 1);
            assert!(error.tried[0].1.contains("cannot load"), "{error}");
            assert!(error.remedy.contains(library.variable()), "{error}");
        }
    }
}

#[test]
#[cfg(target_os = "linux")]
fn a_system_library_of_another_kind_is_refused() {
    let error: NativeError = check(Library::Lsl, PathBuf::from("libc.so.6")).unwrap_err();
    assert!(error.to_string().contains("lsl_library_version"), "{error}");
}
