//! A look at regions whose bytes somebody else has written.

use std::fs::File;

use super::opened::Opened;
use crate::hostile::Input;
use crate::shm::hostile::{changed, memory_file, outlined};

/// How many primitives are looked at.
const MOST: usize = 200;

/// Whatever bytes a file has, it is shown as a region, or refused in words; each primitive that is shown lies within the
/// payload, and no text of the file's can break a line or command a terminal.
///
/// With an even first byte the rest is the file. With 1, modulo 4, it is a list of changes to a sound region; with 3, the size
/// of a payload, and what the region says of its content.
///
/// # Panics
///
/// If that is not so.
pub fn inspect(input: &[u8]) {
    let Some((mode, rest)) = input.split_first() else { return };
    let bytes = match (mode & 3, rest) {
        (1, _) => changed(&mut Input::new(rest)),
        (3, [low, high, text @ ..]) => {
            let size = u16::from_le_bytes([*low, *high]);
            outlined(size, String::from_utf8_lossy(text).into_owned())
        }
        _ => rest.to_vec(),
    };
    let file = File::from(memory_file(&bytes));
    match Opened::in_file(file, "region in hands", "/hands") {
        Ok(opened) => {
            let header = opened.header();
            assert!(!header.holds.contains(char::is_control), "{:?}", header.holds);
            for spot in opened.spots.all.iter().take(MOST) {
                let look = opened.primitive(spot);
                assert!(!look.name.contains(char::is_control), "{:?}", look.name);
                assert!(!look.kind.contains(char::is_control), "{:?}", look.kind);
                assert!(look.at <= header.size && look.readable, "{look:?} beyond the end");
            }
        }
        Err(error) => {
            let said = error.to_string();
            assert!(said.contains("region in hands"), "says where: {said}");
            assert!(!said.contains(char::is_control), "says so in one line: {said:?}");
        }
    }
}
