//! Puts the reviewed transcripts into the binary, so that a run can say whether the machine still shows what was reviewed.

use std::path::{Path, PathBuf};
use std::{env, fs, io};

fn main() -> io::Result<()> {
    let root = PathBuf::from(env::var_os("CARGO_MANIFEST_DIR").expect("cargo sets it")).join("snapshots");
    println!("cargo::rerun-if-changed={}", root.display());
    let mut folders = Vec::new();
    for failure in entries(&root)? {
        folders.push(failure.clone());
        folders.push(failure.join("go"));
    }
    let mut tables = [("REVIEWED", "snap", String::new()), ("WITNESSED", "txt", String::new())];
    // What is watched and not there would have it run every time; that it is made, the folder around it tells.
    for folder in folders.iter().filter(|folder| folder.exists()) {
        println!("cargo::rerun-if-changed={}", folder.display());
        for file in entries(folder)? {
            let end = file.extension().and_then(|end| end.to_str()).unwrap_or_default().to_owned();
            let Some((_, _, table)) = tables.iter_mut().find(|(_, wanted, _)| *wanted == end) else { continue };
            println!("cargo::rerun-if-changed={}", file.display());
            let name = file.strip_prefix(&root).expect("found below it").with_extension("").display().to_string();
            *table +=
                &format!("    ({:?}, include_str!({:?})),\n", name.replace("/go/", "/"), file.display().to_string());
        }
    }
    let text: String =
        tables.iter().map(|(name, _, rows)| format!("static {name}: &[(&str, &str)] = &[\n{rows}];\n")).collect();
    fs::write(Path::new(&env::var_os("OUT_DIR").expect("cargo sets it")).join("reviewed.rs"), text)
}

fn entries(folder: &Path) -> io::Result<Vec<PathBuf>> {
    let mut entries: Vec<PathBuf> = fs::read_dir(folder)?.map(|entry| Ok(entry?.path())).collect::<io::Result<_>>()?;
    entries.sort();
    Ok(entries)
}
