//! What a file is beside its content: owner, group, mode, access control list, attributes.
//!
//! What cannot be kept is lost, but nobody gets rights that he did not have.

use rustix::fs::{
    Gid, Mode, Uid, XattrFlags, fchmod, fchown, fgetxattr, fgetxattr_query, flistxattr,
    flistxattr_query, fremovexattr, fsetxattr, fstat,
};
use rustix::io::Errno;

use super::replacement::Old;

const ACCESS_CONTROL: &str = "system.posix_acl_access";

/// What vouches for a content, and goes when that is written to.
const OF_THE_CONTENT: [&str; 3] = ["security.capability", "security.ima", "security.evm"];

/// Gives a new file, so far its owner's alone, what the old one has.
pub(super) fn keep(old: &Old, new: &std::fs::File) -> Result<(), Errno> {
    let group_kept = keep_owner(old, new)?;
    // From the directory's defaults it may have one that the old file lacks.
    let _ = fremovexattr(new, ACCESS_CONTROL);
    let mode = old.stat.st_mode & 0o777;
    let mode = if group_kept { mode } else { without_group(mode) };
    fchmod(new, Mode::from_raw_mode(mode))?;
    keep_attributes(old, new, group_kept);
    Ok(())
}

/// Gives the file away if it has to be and can be, and says whether the group is the old one.
fn keep_owner(old: &Old, new: &std::fs::File) -> Result<bool, Errno> {
    let (owner, group) = (old.stat.st_uid, old.stat.st_gid);
    let now = fstat(new)?;
    let same_owner = now.st_uid == owner;
    if same_owner && now.st_gid == group {
        return Ok(true);
    }
    let give = |owner| fchown(new, owner, Some(Gid::from_raw(group))).is_ok();
    Ok(give((!same_owner).then(|| Uid::from_raw(owner))) || give(None) || now.st_gid == group)
}

/// The group's rights, reduced to what everybody has.
const fn without_group(mode: u32) -> u32 {
    let others = mode & 0o007;
    mode & !0o070 | mode & others << 3
}

fn keep_attributes(old: &Old, new: &std::fs::File, group_kept: bool) {
    let names = read(flistxattr_query(&old.file), |buffer| flistxattr(&old.file, buffer));
    for name in names.split(|byte| *byte == 0).filter(|name| !name.is_empty()) {
        let of_the_content = OF_THE_CONTENT.iter().any(|other| other.as_bytes() == name);
        let of_the_group = name == ACCESS_CONTROL.as_bytes();
        if !of_the_content && (group_kept || !of_the_group) {
            let length = fgetxattr_query(&old.file, name);
            let value = read(length, |buffer| fgetxattr(&old.file, name, buffer));
            // As far as the system allows.
            let _ = fsetxattr(new, name, &value, XattrFlags::empty());
        }
    }
}

/// What is so many bytes long; nothing where it cannot be read.
fn read(
    length: Result<usize, Errno>,
    get: impl FnOnce(&mut [u8]) -> Result<usize, Errno>,
) -> Vec<u8> {
    let mut bytes = vec![0; length.unwrap_or(0)];
    let length = if bytes.is_empty() { 0 } else { get(&mut bytes).unwrap_or(0) };
    bytes.truncate(length);
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_group_that_changes_gets_what_everybody_has() {
        for (before, after) in [
            (0o640, 0o600),
            (0o660, 0o600),
            (0o664, 0o644),
            (0o666, 0o666),
            (0o750, 0o700),
            (0o755, 0o755),
            (0o604, 0o604),
        ] {
            assert_eq!(without_group(before), after, "{before:o}");
        }
    }
}
