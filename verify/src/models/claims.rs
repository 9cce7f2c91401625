//! All claims.
use crate::claim::Claim;

/// All claims.
#[must_use]
pub fn claims() -> Vec<Claim> {
    Vec::new()
}
