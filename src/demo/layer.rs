//! Layers for sample images: real tar files in real gzip. Their bytes depend on no library and no clock.
//!
//! Nothing is compressed: gzip's `stored` blocks always give the same bytes, so the digests stay the same. Large layers
//! repeat one gzip member (RFC 1952 allows several), so half a gigabyte takes no memory. Their digests are real and
//! written down here, because hashing the layers at each start would take seconds. A test hashes all of them.

use std::collections::HashMap;
use std::sync::{Arc, LazyLock};

use bytes::{Bytes, BytesMut};

use super::blob::{Blob, Repeated};
use crate::model::digest::Digest;

/// The data of one block of a [`LARGE`] file: the most whole tar records that fit into one stored block.
const BLOCK: usize = 127 * RECORD;
/// The size of a tar record.
const RECORD: usize = 512;

/// A layer that can be pushed: its digest for the descriptor, its diff id for the config, and its bytes.
#[derive(Debug, Clone)]
pub struct DemoLayer {
    /// The digest of the compressed bytes.
    pub digest: Digest,
    /// The digest of the tar inside.
    pub diff_id: Digest,
    /// The compressed bytes.
    pub blob: Blob,
}

impl DemoLayer {
    /// Returns a layer with these files, each a path and its content.
    pub fn of(files: &[(&str, &str)]) -> DemoLayer {
        let mut tar = BytesMut::new();
        for (path, content) in files {
            tar.extend_from_slice(&tar_header(path, content.len()));
            tar.extend_from_slice(content.as_bytes());
            tar.resize(tar.len().next_multiple_of(RECORD), 0);
        }
        tar.resize(tar.len() + 2 * RECORD, 0);
        let gzip = gzip(&tar);
        DemoLayer { digest: Digest::sha256(&gzip), diff_id: Digest::sha256(&tar), blob: Blob::Whole(gzip) }
    }

    /// Returns the [`LARGE`] layer with this name, or an empty layer if there is none.
    pub fn large(name: &str) -> DemoLayer {
        static LAYERS: LazyLock<HashMap<&str, DemoLayer>> =
            LazyLock::new(|| LARGE.iter().filter_map(|large| Some((large.name, large.layer()?))).collect());
        LAYERS.get(name).cloned().unwrap_or_else(|| DemoLayer::of(&[]))
    }

    /// Returns its compressed size in bytes.
    pub fn size(&self) -> u64 {
        self.blob.size()
    }
}

/// A layer of one large file.
struct LargeLayer {
    name: &'static str,
    path: &'static str,
    /// Its size, in units of [`BLOCK`].
    blocks: u64,
    digest: &'static str,
    diff_id: &'static str,
}

impl LargeLayer {
    fn layer(&self) -> Option<DemoLayer> {
        let (digest, diff_id) = (self.digest.parse().ok()?, self.diff_id.parse().ok()?);
        Some(DemoLayer { digest, diff_id, blob: self.blob() })
    }

    fn blob(&self) -> Blob {
        static MEMBER: LazyLock<Bytes> = LazyLock::new(|| gzip(&noise()));
        static END: LazyLock<Bytes> = LazyLock::new(|| gzip(&[0; 2 * RECORD]));
        Blob::Repeated(Arc::new(Repeated {
            head: gzip(&tar_header(self.path, BLOCK * self.blocks as usize)),
            block: MEMBER.clone(),
            times: self.blocks,
            tail: END.clone(),
        }))
    }

    /// Returns the tar inside, for the test of `diff_id`.
    #[cfg(test)]
    fn tar(&self) -> Blob {
        Blob::Repeated(Arc::new(Repeated {
            head: Bytes::copy_from_slice(&tar_header(self.path, BLOCK * self.blocks as usize)),
            block: noise(),
            times: self.blocks,
            tail: Bytes::from_static(&[0; 2 * RECORD]),
        }))
    }
}

/// Returns bytes that look like a program (xorshift64).
fn noise() -> Bytes {
    let mut state = 0x9e37_79b9_7f4a_7c15_u64;
    std::iter::repeat_with(|| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state.to_le_bytes()
    })
    .flatten()
    .take(BLOCK)
    .collect()
}

/// Returns the header of a regular file (POSIX ustar): owned by root, readable by all, dated 14 November 2023.
fn tar_header(path: &str, size: usize) -> [u8; RECORD] {
    let mut header = [0; RECORD];
    let mut put = |at: usize, text: &str| {
        if let Some(field) = header.get_mut(at..at + text.len()) {
            field.copy_from_slice(text.as_bytes());
        }
    };
    put(0, path.get(..100).unwrap_or(path));
    put(100, "0000644\0");
    put(108, "0000000\0");
    put(116, "0000000\0");
    put(124, &format!("{size:011o}\0"));
    put(136, "14524770400\0");
    // The checksum is computed with blanks in its own field.
    put(148, "        ");
    put(156, "0");
    put(257, "ustar\x0000");
    let sum: u32 = header.iter().copied().map(u32::from).sum();
    header[148..156].copy_from_slice(format!("{sum:06o}\0 ").as_bytes());
    header
}

/// Returns one gzip member (RFC 1952) of stored blocks (RFC 1951 § 3.2.4).
fn gzip(plain: &[u8]) -> Bytes {
    let mut out = BytesMut::from(&[0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 0xff][..]);
    let mut blocks = plain.chunks(usize::from(u16::MAX)).peekable();
    while let Some(block) = blocks.next() {
        let length = block.len() as u16;
        out.extend_from_slice(&[u8::from(blocks.peek().is_none())]);
        out.extend_from_slice(&length.to_le_bytes());
        out.extend_from_slice(&(!length).to_le_bytes());
        out.extend_from_slice(block);
    }
    out.extend_from_slice(&crc32(plain).to_le_bytes());
    out.extend_from_slice(&(plain.len() as u32).to_le_bytes());
    out.freeze()
}

fn crc32(bytes: &[u8]) -> u32 {
    const TABLE: [u32; 256] = {
        let mut table = [0; 256];
        let mut i = 0;
        while i < table.len() {
            let mut crc = i as u32;
            let mut bit = 0;
            while bit < 8 {
                crc = if crc & 1 == 1 { crc >> 1 ^ 0xedb8_8320 } else { crc >> 1 };
                bit += 1;
            }
            table[i] = crc;
            i += 1;
        }
        table
    };
    !bytes.iter().fold(u32::MAX, |crc, byte| TABLE[(crc as u8 ^ byte) as usize] ^ crc >> 8)
}

/// All large layers. Their sizes are realistic; their contents are noise.
#[rustfmt::skip]
const LARGE: &[LargeLayer] = &[
    LargeLayer { name: "debian", path: "usr/lib/x86_64-linux-gnu/libc.so.6", blocks: 434, digest: "sha256:8a9eeb531ff7f68927e877704c8e0628001945d5bb815d7d793a3fa0b5596357", diff_id: "sha256:74dc9a3a4068509d0c0044ea435a71b3a241442858a04245fb652bf1b63cc7cc" },
    LargeLayer { name: "debian arm64", path: "usr/lib/aarch64-linux-gnu/libc.so.6", blocks: 432, digest: "sha256:0046325a2c3be5a739aa0409b356e9da3cc48b7825176ee471d272dc24450147", diff_id: "sha256:d0371468e58e3860ccef172ad4a88650be7080a128408e2202ce5b78629f5529" },
    LargeLayer { name: "alpine", path: "lib/ld-musl-x86_64.so.1", blocks: 55, digest: "sha256:6698c22ba02402ff07895fea6eb0281c4be3b203ee4ce40b24bda3632f97519a", diff_id: "sha256:9744019f7f53974a80888a4337355cc5726a3b6d54dc42377f8650a124def927" },
    LargeLayer { name: "alpine arm64", path: "lib/ld-musl-aarch64.so.1", blocks: 63, digest: "sha256:4a0e394e67c74071d545119f4f29807c789538c2a2b92299cf657815d4c979bd", diff_id: "sha256:26747b2148f51add0789e57b8be1bbbe8b599a01ac8e88be4daca01f335ab944" },
    LargeLayer { name: "alpine arm", path: "lib/ld-musl-armhf.so.1", blocks: 49, digest: "sha256:c776a4a325a42e912312059f4cd6b7227134dc64cf33d9fa8f05a1dc04852ce5", diff_id: "sha256:5f76cf64efd7eaf8b198bfb664276f8579753e0a11589c5052547c0ce179a463" },
    LargeLayer { name: "distroless", path: "usr/share/zoneinfo/tzdata.zi", blocks: 29, digest: "sha256:bcdfda9db8599c1aa09a921a7ee9ed9d5a5c4423efc05413f828ba0de532cce6", diff_id: "sha256:fc1233def400878247d894f984474928efc9b46d1da989a24ae2228197b6ac7c" },
    LargeLayer { name: "distroless arm64", path: "usr/share/zoneinfo/tzdata64.zi", blocks: 28, digest: "sha256:a825b440ba28a5c557d7332dadda0d153c18d8285bca99f81f0f897b6a68cb3e", diff_id: "sha256:ba56c2d9b53b7586514584359a0fff3532426dfa8ce4b5157b9425e17e937488" },
    LargeLayer { name: "certificates", path: "etc/ssl/certs/ca-certificates.crt", blocks: 14, digest: "sha256:f7668cfa2804e72a96beecce7e9f973e5f76c82f3ef48f17ed73c78758ce615a", diff_id: "sha256:113c000f4ba528a4d8fafcbf43b6e6e4491f46c234f671f9401577ebb9fb813b" },
    LargeLayer { name: "node", path: "usr/local/bin/node", blocks: 638, digest: "sha256:e8b898dd44a2545cd1931d498f9ebd72e30adecc36b36cf1ee5f52194b35805b", diff_id: "sha256:4002cf2a2721aa1a4d42bb35f791985dca2a4d24a0dd4cdeefe96bdeb0d165ac" },
    LargeLayer { name: "python", path: "usr/local/bin/python3.13", blocks: 226, digest: "sha256:bd3cd0a3b787cdef8f6f6868bc63ceb9a6b995acb1dc6bd45f5d8488f95c3849", diff_id: "sha256:590cb03c2f3804a1aa7beb5d00964a38ad47ed90e127da39962458b15e8bbc0c" },
    LargeLayer { name: "jre", path: "opt/java/lib/modules", blocks: 898, digest: "sha256:58214883660087775fc8b8a23dec8f1bd300cd0b6b7252ba672be5376127e09a", diff_id: "sha256:2f2b6bdeb53cd897f94d67166d30a6937b15356205ad5f6c92369de4a2e36afd" },
    LargeLayer { name: "build tools", path: "usr/bin/gcc", blocks: 1481, digest: "sha256:71fefd1b03121e635417d9d9a3097d35b84384c87650bb4875f6bd92de87f50a", diff_id: "sha256:a134f656c9770a86ae659283456343cb3a131e37089e526872a647bd7dc2f740" },
    LargeLayer { name: "app", path: "usr/local/bin/app", blocks: 266, digest: "sha256:9d38465ba83aee27d23f1b20a1e7876b6d1e459e636b1a96ea3fb4318e6d96e3", diff_id: "sha256:bcfea9324e3abe776100c7fcf79cd91b5d3f62fb9a58fda8d3dc997d100a6866" },
    LargeLayer { name: "app next", path: "usr/local/bin/app", blocks: 289, digest: "sha256:409fe1df6dc70b720a98cb4fb009228bcbb3d56177bed89aa143551360ba4728", diff_id: "sha256:6cd5f3c2a84b44b9d27f920843132394890ad21bd138798457beed1e51ff1946" },
    LargeLayer { name: "app arm64", path: "usr/local/bin/app", blocks: 252, digest: "sha256:165764e8de6fe8f35fe06bd107052f6ccde9f97c711d17b14bd8cf7e37c8dba7", diff_id: "sha256:312db0f47f33f81e115024ce949093c31e9a343697900ad81a0797237ccef896" },
    LargeLayer { name: "app arm", path: "usr/local/bin/app", blocks: 240, digest: "sha256:c29ae6986b691f6617d8be6797f89cd75cd9e23f239b1e6f59bc0050c26a45ae", diff_id: "sha256:437fdb4c031fa2b3d6b274f169497c3979c7c33034d6b6de20fbcf5f7a39183a" },
    LargeLayer { name: "worker", path: "usr/local/bin/worker", blocks: 172, digest: "sha256:806149a712236f9946d0e479a5a3d7816c8fd7c9cad38236dcb8879dcb33a2f4", diff_id: "sha256:5e47f1a9d54cb5330adc5a11df27fe83a355b79c63b09aaed244be08b2d9cf8d" },
    LargeLayer { name: "web modules", path: "srv/web/node_modules.pack", blocks: 521, digest: "sha256:391b40736a2d1e33d762d97d81e6b73c4811929502f5410da023c9de61430aeb", diff_id: "sha256:0a2bf56b4e555e4e04792a95ea21c14003646d09a3ee7cca8f958468761f9cd2" },
    LargeLayer { name: "web assets", path: "srv/web/dist/assets.pack", blocks: 105, digest: "sha256:ae4135cef314e687cc1a19b705709cad7e555aa5a9ff8a3bc14f85cdf0b515eb", diff_id: "sha256:1bbd2ec98f99bbe56e916e2055392d4868d1c0a9ba4417cf331749adc2e8c76c" },
    LargeLayer { name: "web assets next", path: "srv/web/dist/assets.pack", blocks: 109, digest: "sha256:11fa2617abe19f06ed07bf164b9712a56ccd7267d97d1896a5eb9d97f32da7c7", diff_id: "sha256:502ebbcd26331ac566ef10c78f1bdb0056834c191d2daeb7c249832ae6be1890" },
    LargeLayer { name: "python packages", path: "usr/local/lib/python3.13/site-packages.pack", blocks: 1046, digest: "sha256:ccbe87e23bd0c37b61a64b8520a08e292261910a97ad9fc1b83932c9282f4c9f", diff_id: "sha256:0d7fae7db3052ea21ace718a313efd7d455b256b004e454a3fa94200a5fd0900" },
    LargeLayer { name: "service jar", path: "srv/service/libs.pack", blocks: 757, digest: "sha256:8ce8c985d2552fcd0d5e7cff4bc0b2a3d45090a8b60e6648a6ad84a878e80389", diff_id: "sha256:ef68ffecb8e24cf07ef2dab93e69217889b76fa28634a7e6180a40c8bb548063" },
    LargeLayer { name: "database", path: "usr/lib/postgresql/17/bin/postgres", blocks: 1147, digest: "sha256:9bb5e8f9197b7afa4574424bc5987e43ab443a6e4d410b77c06c9737a124c41e", diff_id: "sha256:0af81c96157ebd015e632b71f7ee589f34e57c22a35a3b3eb468922cd80bc465" },
    LargeLayer { name: "accelerator", path: "usr/local/accelerator/lib/libkernels.so", blocks: 20146, digest: "sha256:0258ebbb6df42e8a71a1c19f732961d04f3dbeb31f260aba8f31f1c0cfaf2f02", diff_id: "sha256:acf5f0992e0685686c376097a8e4f4d903b1945a576da8995cf8ff761e898413" },
    LargeLayer { name: "weights", path: "models/weights-q4.bin", blocks: 12949, digest: "sha256:f34896b56eb1cd2374e569c2972a3e12596beb95dab442ccd22b44767b633081", diff_id: "sha256:67ee954962c8a983ec3ad07d73db10d2cec02e868e75a1b668c7cea71c343bd3" },
    LargeLayer { name: "tensors", path: "usr/local/lib/python3.13/tensors.pack", blocks: 6013, digest: "sha256:3ca06c61a8ac813237e9104fa0c3baaf45a75fa0fb4ec03077dcdbec1b0c8f72", diff_id: "sha256:c6c3325dd58374799ad106277eaf91c7985979386504be0ec2823ae8c65e3662" },
    LargeLayer { name: "module", path: "module.wasm.pack", blocks: 37, digest: "sha256:07db9b45af1d4b2d878b4201d8f2d5fc605c2283e2a3fc2d82be234e9259feb7", diff_id: "sha256:2fb57431abc29acfe310fab819b25435ee115a15373bb8795fbe2f01559da09d" },
    LargeLayer { name: "nano server", path: "Files/Windows/System32/ntoskrnl.exe", blocks: 1815, digest: "sha256:5008bd375a32b13e1ee81c9ae5564d9610d547393f691b3756f01cd2bc7c7cb4", diff_id: "sha256:09ff191beb270277bbc431a7607dbb081427b878aff6cb3f912de69c94e11a77" },
];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::digest::Hasher;

    fn digest_of(blob: &Blob) -> String {
        let mut hasher = Hasher::sha256();
        blob.iter(0..blob.size()).for_each(|piece| hasher.update(&piece));
        hasher.finish().to_string()
    }

    #[test]
    fn the_digests_of_the_large_layers_are_true() {
        // A failure prints the values to write into the table.
        let wrong: Vec<String> = LARGE
            .iter()
            .map(|large| (large, digest_of(&large.blob()), digest_of(&large.tar())))
            .filter(|(large, digest, diff_id)| digest != large.digest || diff_id != large.diff_id)
            .map(|(large, digest, diff_id)| format!("{}|{digest}|{diff_id}", large.name))
            .collect();
        assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    }

    #[test]
    fn the_checksum_is_that_of_gzip() {
        assert_eq!(crc32(b"123456789"), 0xcbf4_3926);
    }

    #[test]
    fn a_small_layer_is_whole_records_in_one_member() {
        let layer = DemoLayer::of(&[("etc/hostname", "demo\n")]);
        let Blob::Whole(bytes) = &layer.blob else { panic!("a small layer in pieces") };
        assert_eq!(bytes.len(), 10 + 5 + 4 * RECORD + 8);
        assert_eq!(Digest::sha256(&bytes[15..15 + 4 * RECORD]), layer.diff_id);
    }
}
