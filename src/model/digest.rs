//! Content digests: the only names that a registry cannot move.
//!
//! Grammar and registered algorithms: OCI image-spec, `descriptor.md` § Digests. Only `sha256` and `sha512` in
//! lower-case hex are accepted, so a [`Digest`] can be used in a URL or as a file name without another check.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// A checked digest of 32 or 64 bytes, copied freely.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Digest {
    /// `sha256:` and 64 hex digits.
    Sha256([u8; 32]),
    /// `sha512:` and 128 hex digits.
    Sha512([u8; 64]),
}

/// The error for text that is not a digest that can be checked.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("not a sha256 or sha512 digest")]
pub struct BadDigest;

impl Digest {
    /// Returns the sha256 digest of `bytes`.
    pub fn sha256(bytes: &[u8]) -> Digest {
        let mut hasher = Hasher::sha256();
        hasher.update(bytes);
        hasher.finish()
    }

    /// Returns the digest of `bytes` by the algorithm of `self`. It equals `self` exactly if the bytes have this
    /// digest.
    pub fn same_algorithm_of(&self, bytes: &[u8]) -> Digest {
        let mut hasher = Hasher::like(self);
        hasher.update(bytes);
        hasher.finish()
    }

    /// Returns the name of the algorithm: `sha256` or `sha512`.
    pub(crate) fn algorithm(&self) -> &'static str {
        match self {
            Digest::Sha256(_) => "sha256",
            Digest::Sha512(_) => "sha512",
        }
    }

    /// Returns the hex digits in lower case.
    pub fn hex(&self) -> String {
        hex_of(self.bytes())
    }

    /// Returns the beginning of the names of its digest tags: `sha256-` and the hex digits, of which a tag has room for
    /// 64. Distribution-spec § Referrers Tag Schema.
    pub(crate) fn tag_stem(&self) -> String {
        format!("{}-{}", self.algorithm(), hex_of(&self.bytes()[..32]))
    }

    /// Returns the first twelve hex digits, as lists show them.
    pub fn short(&self) -> String {
        hex_of(&self.bytes()[..6])
    }

    fn bytes(&self) -> &[u8] {
        match self {
            Digest::Sha256(bytes) => bytes,
            Digest::Sha512(bytes) => bytes,
        }
    }
}

/// A hasher that computes a digest while bytes stream by.
#[derive(Clone)]
pub struct Hasher(ring::digest::Context);

impl Hasher {
    /// Returns a sha256 hasher.
    pub fn sha256() -> Hasher {
        Hasher(ring::digest::Context::new(&ring::digest::SHA256))
    }

    /// Returns a hasher that uses the algorithm of `digest`.
    pub(crate) fn like(digest: &Digest) -> Hasher {
        match digest {
            Digest::Sha256(_) => Hasher::sha256(),
            Digest::Sha512(_) => Hasher(ring::digest::Context::new(&ring::digest::SHA512)),
        }
    }

    /// Adds bytes.
    pub fn update(&mut self, bytes: &[u8]) {
        self.0.update(bytes);
    }

    /// Returns the digest of all bytes that were added.
    pub fn finish(self) -> Digest {
        let value = self.0.finish();
        match <[u8; 32]>::try_from(value.as_ref()) {
            Ok(bytes) => Digest::Sha256(bytes),
            Err(_) => {
                let mut bytes = [0; 64];
                bytes.copy_from_slice(value.as_ref());
                Digest::Sha512(bytes)
            }
        }
    }
}

impl FromStr for Digest {
    type Err = BadDigest;

    fn from_str(text: &str) -> Result<Digest, BadDigest> {
        let (algorithm, hex) = text.split_once(':').ok_or(BadDigest)?;
        match algorithm {
            "sha256" => bytes_of_hex(hex).map(Digest::Sha256),
            "sha512" => bytes_of_hex(hex).map(Digest::Sha512),
            _ => None,
        }
        .ok_or(BadDigest)
    }
}

fn hex_of(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let digit = |nibble: u8| char::from(DIGITS[usize::from(nibble)]);
    bytes.iter().flat_map(|byte| [digit(byte >> 4), digit(byte & 15)]).collect()
}

fn bytes_of_hex<const N: usize>(hex: &str) -> Option<[u8; N]> {
    let digits = hex.as_bytes();
    if digits.len() != 2 * N {
        return None;
    }
    let mut bytes = [0; N];
    for (byte, pair) in bytes.iter_mut().zip(digits.chunks_exact(2)) {
        *byte = nibble(pair[0])? << 4 | nibble(pair[1])?;
    }
    Some(bytes)
}

fn nibble(digit: u8) -> Option<u8> {
    match digit {
        b'0'..=b'9' => Some(digit - b'0'),
        b'a'..=b'f' => Some(digit - b'a' + 10),
        _ => None,
    }
}

impl fmt::Display for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.algorithm(), self.hex())
    }
}

impl fmt::Debug for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl Serialize for Digest {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Digest {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Digest, D::Error> {
        let text = std::borrow::Cow::<str>::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const EMPTY: &str = "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

    #[test]
    fn the_digest_of_nothing_is_the_well_known_one() {
        assert_eq!(Digest::sha256(b"").to_string(), EMPTY);
        assert_eq!(Digest::sha256(b"").short(), "e3b0c44298fc");
    }

    #[test]
    fn only_registered_algorithms_in_lower_case_and_full_length_are_digests() {
        let sha512 = format!("sha512:{}", "a".repeat(128));
        for good in [EMPTY, sha512.as_str()] {
            assert_eq!(good.parse::<Digest>().map(|d| d.to_string()).as_deref(), Ok(good));
        }
        let upper = EMPTY.to_uppercase();
        let bad = [
            "",
            "sha256:",
            "sha256:../../etc",
            "md5:d41d8cd98f00b204e9800998ecf8427e",
            &EMPTY[..70],
            upper.as_str(),
        ];
        for bad in bad {
            assert_eq!(bad.parse::<Digest>(), Err(BadDigest), "{bad}");
        }
    }

    #[test]
    fn a_tag_has_room_for_64_hex_digits_of_a_digest() {
        assert_eq!(Digest::sha256(b"").tag_stem(), EMPTY.replace(':', "-"));
        assert_eq!(Digest::Sha512([0xab; 64]).tag_stem(), format!("sha512-{}", "ab".repeat(32)));
    }

    #[test]
    fn a_digest_checks_bytes_by_its_own_algorithm() {
        let mut hasher = Hasher::like(&Digest::Sha512([0; 64]));
        hasher.update(b"abc");
        let digest = hasher.finish();
        assert_eq!(digest.algorithm(), "sha512");
        assert_eq!(digest.same_algorithm_of(b"abc"), digest);
        assert_ne!(digest.same_algorithm_of(b"abd"), digest);
    }
}
