//! The large layers of the samples: small true files, and one large file of noise that gives them a realistic size.
//!
//! Half a gigabyte takes no memory: the large file repeats one block, packed once (RFC 1952 and RFC 8878 allow several
//! members and frames). The digests are real and written down here, because hashing the layers at each start would take
//! seconds. A test hashes all of them.

use std::collections::HashMap;
use std::sync::{LazyLock, Mutex, PoisonError};

use super::{alpine_files, debian_files, language_files};
use crate::demo::files::{DemoFiles, MOST_NOISE, noise};
use crate::demo::layer::DemoLayer;
use crate::demo::packing::{DemoFormat, PackedLayer, RepeatedFile, pack};
use crate::model::digest::Digest;

/// The size of one block of a large file: the most whole tar records that fit into one stored block of gzip.
const BLOCK: usize = MOST_NOISE;

impl DemoLayer {
    /// Returns the large layer with this name, or an empty layer if there is none.
    pub fn large(name: &str) -> DemoLayer {
        DemoLayer::converted(name, DemoFormat::Gzip)
    }

    /// Returns the large layer with this name in another format, or an empty layer if there is none.
    pub(crate) fn converted(name: &str, format: DemoFormat) -> DemoLayer {
        static LAYERS: LazyLock<Mutex<HashMap<(String, DemoFormat), DemoLayer>>> =
            LazyLock::new(Mutex::default);
        let mut layers = LAYERS.lock().unwrap_or_else(PoisonError::into_inner);
        let key = (name.to_owned(), format);
        if let Some(layer) = layers.get(&key) {
            return layer.clone();
        }
        let sums = match format {
            DemoFormat::Gzip => {
                LARGE.iter().find(|large| large.name == name).map(|large| (large.digest, large.diff_id))
            }
            _ => {
                let found =
                    CONVERTED.iter().find(|converted| (converted.name, converted.format) == (name, format));
                found.map(|converted| (converted.digest, converted.diff_id))
            }
        };
        let large = LARGE.iter().find(|large| large.name == name);
        let layer = large.zip(sums).and_then(|(large, sums)| large.layer(format, sums));
        let layer = layer.unwrap_or_else(|| DemoLayer::of(&[]));
        layers.insert(key, layer.clone());
        layer
    }
}

/// A layer with one large file.
struct LargeLayer {
    name: &'static str,
    /// The small files before the large one.
    files: fn() -> DemoFiles,
    path: &'static str,
    /// Its size, in units of [`BLOCK`].
    blocks: u64,
    digest: &'static str,
    diff_id: &'static str,
}

/// The digests of a large layer in another format.
struct ConvertedLayer {
    name: &'static str,
    format: DemoFormat,
    digest: &'static str,
    diff_id: &'static str,
    /// The digest of the large file, which the table of contents names.
    content: &'static str,
}

impl LargeLayer {
    fn layer(&self, format: DemoFormat, (digest, diff_id): (&str, &str)) -> Option<DemoLayer> {
        let PackedLayer { blob, annotations, .. } = self.pack(format);
        let (digest, diff_id) = (digest.parse().ok()?, diff_id.parse().ok()?);
        Some(DemoLayer { digest, diff_id, blob, format, annotations })
    }

    fn pack(&self, format: DemoFormat) -> PackedLayer {
        let converted = CONVERTED.iter().find(|converted| converted.name == self.name);
        let digest = converted.and_then(|converted| converted.content.parse::<Digest>().ok());
        let last = RepeatedFile { path: self.path, block: noise(BLOCK), times: self.blocks, digest };
        pack(&(self.files)(), Some(&last), format)
    }
}

/// All large layers. Their sizes are realistic.
#[rustfmt::skip]
const LARGE: &[LargeLayer] = &[
    LargeLayer { name: "debian", files: || debian_files::root("13.2", "amd64"), path: "usr/lib/x86_64-linux-gnu/libc.so.6", blocks: 434, digest: "sha256:b19f962d3b1d41f2b47dfb48e609cdd085481490ae6be45413515b3260ef81ec", diff_id: "sha256:50bff445ab44ce47b6ac91cd1f50c5803e8cbf07ed8c896d658125fcaac5167a" },
    LargeLayer { name: "debian arm64", files: || debian_files::root("13.2", "arm64"), path: "usr/lib/aarch64-linux-gnu/libc.so.6", blocks: 432, digest: "sha256:1363569f159755fc3b68d462b6c210314098e98d5329e888a3a28a13aed3307a", diff_id: "sha256:0189a3b78e4fd6194d5df8c613093f4cba07c65cb08ed8e439127f990040838e" },
    LargeLayer { name: "debian arm", files: || debian_files::root("13.2", "armhf"), path: "usr/lib/arm-linux-gnueabihf/libc.so.6", blocks: 371, digest: "sha256:b9a42ed7159db820aaad7cd8290a8801490954b9d41f9ec48ee8f80aa8a2b1c2", diff_id: "sha256:cf26d5357f10c594922d3e6f6e2833bb46e3a46a027882304ff3269c8d4aea09" },
    LargeLayer { name: "debian 13.3", files: || debian_files::root("13.3", "amd64"), path: "usr/lib/x86_64-linux-gnu/libc.so.6", blocks: 435, digest: "sha256:c0cdfd3b9627101b0fb3e6aa189fd3a0d88f47161ef4f0ef49da84e35e136c19", diff_id: "sha256:6f4b1ecf0c6972837677e766765a7d6e6786189f98ffb41c2549e54f1f7cd077" },
    LargeLayer { name: "debian 13.3 arm64", files: || debian_files::root("13.3", "arm64"), path: "usr/lib/aarch64-linux-gnu/libc.so.6", blocks: 433, digest: "sha256:035bde658802b93f4dc10af283046fa8eeb9f93c337ca94cbfada6bde89a9a32", diff_id: "sha256:eb7acdb7247cb8dc873ffa5f50cc0ceda580877b98e636d03b7739729f27d207" },
    LargeLayer { name: "debian 12", files: || debian_files::root("12.12", "amd64"), path: "usr/lib/x86_64-linux-gnu/libc.so.6", blocks: 431, digest: "sha256:8817e755e6e1b0dc386a762375ec9959520ca97178f982f6a244a3edffe5e21e", diff_id: "sha256:66bdbb6865df01291e1320c2ef6ad30e68c4b318297370bf541c5e79ea17a2e8" },
    LargeLayer { name: "debian 12 arm64", files: || debian_files::root("12.12", "arm64"), path: "usr/lib/aarch64-linux-gnu/libc.so.6", blocks: 428, digest: "sha256:d9cfa03830e38a1a2e7cfaf271169d40f0cef143e12a215163388eea59803387", diff_id: "sha256:db372a1af607829159d6b86d9a8b4d70504dee17b6fdc87ee9217bbee0174b3b" },
    LargeLayer { name: "alpine", files: || alpine_files::root("x86_64"), path: "lib/ld-musl-x86_64.so.1", blocks: 55, digest: "sha256:24aa9e4d02f650d92f04c6ebd40e187d058c7bf0d1babf0d2771087ca7627ae8", diff_id: "sha256:2587cb95da27ecdf398e28adecee53365eff8803b532a24a7e1d698d94b368ee" },
    LargeLayer { name: "alpine arm64", files: || alpine_files::root("aarch64"), path: "lib/ld-musl-aarch64.so.1", blocks: 63, digest: "sha256:bbc7cef2780e58cf8fc84ed6c3b0484fcde256670713c17b2933c1c4a2a6b09d", diff_id: "sha256:962e2ffff7b2ee5b76af5ba7156fa99e6e58cf68deda2c89f6baa99cc2c8f0e6" },
    LargeLayer { name: "alpine arm", files: || alpine_files::root("armv7"), path: "lib/ld-musl-armhf.so.1", blocks: 49, digest: "sha256:9437fd40482c01de5ebbd08bae7c9bddd75a895188cdcaee46d9ec4a6aa78532", diff_id: "sha256:b4dcce30096aaa0beb0ed335fe7141be0e12f0e66c03b2e12d4c0b5ab740b843" },
    LargeLayer { name: "distroless", files: || debian_files::distroless("amd64"), path: "usr/share/zoneinfo/tzdata.zi", blocks: 29, digest: "sha256:f154eb22cc4e7cef3e969045f16951029ed950e5898ead1e2e94084334247901", diff_id: "sha256:dc2fbe3da177896a6a9ff365db292e297648f05910fa3bb03e3d3d78a51f8c4e" },
    LargeLayer { name: "distroless arm64", files: || debian_files::distroless("arm64"), path: "usr/share/zoneinfo/tzdata64.zi", blocks: 28, digest: "sha256:675f49fc607c1c886f727a0fc206dea0f6d543d584bda24ba71a0536b5da466a", diff_id: "sha256:dd42106856451156c7f340b4295ef3784595e955b75a57fd19824b0ba5c9954b" },
    LargeLayer { name: "certificates", files: debian_files::certificates, path: "etc/ssl/certs/ca-certificates.crt", blocks: 14, digest: "sha256:1baed3b9ed5669ce7f7cd599b5ec110fee856697cc5ca87b9d9597e679f5087d", diff_id: "sha256:c1e0e1ac1a794535afbe95a0bddb833db8ed7bf37b791524b3a7b5890badf85f" },
    LargeLayer { name: "node", files: alpine_files::node, path: "usr/local/bin/node", blocks: 638, digest: "sha256:df6288dd194f835ff31dde58ba27e3626dc8ba4aac1cdf1f004855fe97e0a38e", diff_id: "sha256:a397490a3a4110711f2b477966568b6820159fca268a0a002f841d64a7a31e3e" },
    LargeLayer { name: "python", files: language_files::python, path: "usr/local/bin/python3.13", blocks: 226, digest: "sha256:dbe16ad5bd77b1d7e459ee68ef9b6b7302f2aec6fdfce2c2670208dc6ea04355", diff_id: "sha256:bddc11f5d59a14aa9d56756061da0f458b7e21acfae21b7a5183a853e0f44790" },
    LargeLayer { name: "jre", files: DemoFiles::new, path: "opt/java/lib/modules", blocks: 898, digest: "sha256:58214883660087775fc8b8a23dec8f1bd300cd0b6b7252ba672be5376127e09a", diff_id: "sha256:2f2b6bdeb53cd897f94d67166d30a6937b15356205ad5f6c92369de4a2e36afd" },
    LargeLayer { name: "build tools", files: DemoFiles::new, path: "usr/bin/gcc", blocks: 1481, digest: "sha256:ffcafaf9a9f2c2c0d0445947915f2c163171d970b63a5e04275012b6201c21a2", diff_id: "sha256:2e4f9d4924ef25401556144613e7182c77a3393f3d96bc2e0a024d02bc80c6e3" },
    LargeLayer { name: "app", files: DemoFiles::new, path: "usr/local/bin/app", blocks: 266, digest: "sha256:0c46a9897af99f8c40e103659a489e5a0c12f43acaaf103eb5e50fd0564be90a", diff_id: "sha256:1415a6a13f7851542c89a50c6273c2490be3b20c4068331c0d213b21c99c3d86" },
    LargeLayer { name: "app next", files: DemoFiles::new, path: "usr/local/bin/app", blocks: 289, digest: "sha256:55a9299784a9ff40966a7f04ba423a8ebfa35e6234bb0c77b75613bb17801a40", diff_id: "sha256:25fde540c25fca6745ed282bf437bfacd1fec4490d0df1c45ad5b2460ea91827" },
    LargeLayer { name: "app arm64", files: DemoFiles::new, path: "usr/local/bin/app", blocks: 252, digest: "sha256:e234ccd929bb10226484f6d7d728c80eb81e2141bef506f3c07ee251508717e2", diff_id: "sha256:cdee30f36dc27695426f94b12a5fd7a5e04653b0bd0cc0258f7d6a52542be885" },
    LargeLayer { name: "app arm", files: DemoFiles::new, path: "usr/local/bin/app", blocks: 240, digest: "sha256:b39122700568b4d0b9339a667aeeb7d0a77aa9d34e0d169526fa3e19537c7981", diff_id: "sha256:4eb54b6577a01209a78ab19564897b456cbba8b3522047666e2397c6427a7886" },
    LargeLayer { name: "worker", files: DemoFiles::new, path: "usr/local/bin/worker", blocks: 172, digest: "sha256:fa1d199214d693e1e973fdb506dadf78ff20863afe1e9abd50873d44a9a3c1a1", diff_id: "sha256:e58706318fd6a674cac19ef72e56adfcb77872c226b7c139bf6f02fceec7ffda" },
    LargeLayer { name: "web modules", files: language_files::web_modules, path: "srv/web/node_modules.pack", blocks: 521, digest: "sha256:93b09b34277fc48df6fd871be0b5c7a53e2d826d4e2ef8f1d9f4dc194c0f412f", diff_id: "sha256:d8e5d579e427f5126549ff30656a66d47fad154303efdade50054b79607588bb" },
    LargeLayer { name: "web assets", files: DemoFiles::new, path: "srv/web/dist/assets.pack", blocks: 105, digest: "sha256:ae4135cef314e687cc1a19b705709cad7e555aa5a9ff8a3bc14f85cdf0b515eb", diff_id: "sha256:1bbd2ec98f99bbe56e916e2055392d4868d1c0a9ba4417cf331749adc2e8c76c" },
    LargeLayer { name: "web assets next", files: DemoFiles::new, path: "srv/web/dist/assets.pack", blocks: 109, digest: "sha256:11fa2617abe19f06ed07bf164b9712a56ccd7267d97d1896a5eb9d97f32da7c7", diff_id: "sha256:502ebbcd26331ac566ef10c78f1bdb0056834c191d2daeb7c249832ae6be1890" },
    LargeLayer { name: "python packages", files: language_files::python_packages, path: "usr/local/lib/python3.13/site-packages.pack", blocks: 1046, digest: "sha256:5beafc4a924c2e591c525525d8750b63aec4f520faf1c17c65d1d55f4ded5fdb", diff_id: "sha256:43a95d0e44d3f3d9d832c3c8495d906f43da03c9d5fff2254cc309d15523cd8f" },
    LargeLayer { name: "service jar", files: DemoFiles::new, path: "srv/service/libs.pack", blocks: 757, digest: "sha256:8ce8c985d2552fcd0d5e7cff4bc0b2a3d45090a8b60e6648a6ad84a878e80389", diff_id: "sha256:ef68ffecb8e24cf07ef2dab93e69217889b76fa28634a7e6180a40c8bb548063" },
    LargeLayer { name: "database", files: DemoFiles::new, path: "usr/lib/postgresql/17/bin/postgres", blocks: 1147, digest: "sha256:a6c3914aa02df65d08dcae19bf6a8d98182a8a47e1c9de14084f282b816d29f7", diff_id: "sha256:53572b6bd76bd31e66ec7eabbd5d13f2ea988966ca583004970f2e92f3576c01" },
    LargeLayer { name: "accelerator", files: DemoFiles::new, path: "usr/local/accelerator/lib/libkernels.so", blocks: 20146, digest: "sha256:0258ebbb6df42e8a71a1c19f732961d04f3dbeb31f260aba8f31f1c0cfaf2f02", diff_id: "sha256:acf5f0992e0685686c376097a8e4f4d903b1945a576da8995cf8ff761e898413" },
    LargeLayer { name: "weights", files: DemoFiles::new, path: "models/weights-q4.bin", blocks: 12949, digest: "sha256:f34896b56eb1cd2374e569c2972a3e12596beb95dab442ccd22b44767b633081", diff_id: "sha256:67ee954962c8a983ec3ad07d73db10d2cec02e868e75a1b668c7cea71c343bd3" },
    LargeLayer { name: "tensors", files: DemoFiles::new, path: "usr/local/lib/python3.13/tensors.pack", blocks: 6013, digest: "sha256:3ca06c61a8ac813237e9104fa0c3baaf45a75fa0fb4ec03077dcdbec1b0c8f72", diff_id: "sha256:c6c3325dd58374799ad106277eaf91c7985979386504be0ec2823ae8c65e3662" },
    LargeLayer { name: "module", files: DemoFiles::new, path: "module.wasm.pack", blocks: 37, digest: "sha256:07db9b45af1d4b2d878b4201d8f2d5fc605c2283e2a3fc2d82be234e9259feb7", diff_id: "sha256:2fb57431abc29acfe310fab819b25435ee115a15373bb8795fbe2f01559da09d" },
    LargeLayer { name: "nano server", files: DemoFiles::new, path: "Files/Windows/System32/ntoskrnl.exe", blocks: 1815, digest: "sha256:5008bd375a32b13e1ee81c9ae5564d9610d547393f691b3756f01cd2bc7c7cb4", diff_id: "sha256:09ff191beb270277bbc431a7607dbb081427b878aff6cb3f912de69c94e11a77" },
];

/// The large layers that images hold in other formats too.
#[rustfmt::skip]
const CONVERTED: &[ConvertedLayer] = &[
    ConvertedLayer { name: "debian", format: DemoFormat::Estargz, digest: "sha256:ba508edc5927aeda84a2dd15fefd14e34cbae9b337ebef41c733fcc10ec4b051", diff_id: "sha256:d010c76b505ed66e8e8e269fb954f90534f990c29901a95bdf05030752a4e545", content: "sha256:fec594c3040b51836f43b125d0f36635d0988574e09874a89c5db9943fe4c5ef" },
    ConvertedLayer { name: "debian", format: DemoFormat::ZstdChunked, digest: "sha256:ded1e240d52a1d494e5cd2ad63ad21ab28836d23982924bc44aed41f6dfe7d41", diff_id: "sha256:50bff445ab44ce47b6ac91cd1f50c5803e8cbf07ed8c896d658125fcaac5167a", content: "sha256:fec594c3040b51836f43b125d0f36635d0988574e09874a89c5db9943fe4c5ef" },
    ConvertedLayer { name: "python", format: DemoFormat::Estargz, digest: "sha256:f97f249f6b77f9539b9499a174b0b212b6d6c39442afdb468cb461d47dcb1d07", diff_id: "sha256:bf7fec4df846c0e655824a7678fecfbb1133fecbf5db10cf4e69284cdf0404f9", content: "sha256:38292a6440bb85159f60a1680b472d7d2b67108573eb8ecb55d7458dd8984872" },
    ConvertedLayer { name: "python", format: DemoFormat::ZstdChunked, digest: "sha256:1abc04dd843d77ec9e9d629289b70ccc5c6ba553121817238ecdd35aeaa34622", diff_id: "sha256:bddc11f5d59a14aa9d56756061da0f458b7e21acfae21b7a5183a853e0f44790", content: "sha256:38292a6440bb85159f60a1680b472d7d2b67108573eb8ecb55d7458dd8984872" },
    ConvertedLayer { name: "python packages", format: DemoFormat::Estargz, digest: "sha256:b73d3e907ec3365f5537f88dac1822b02b4589145bb69186b2b23a850b6b3040", diff_id: "sha256:fa8a5cb6398d71ead5881ebd9969f1c4687867e0fbd6db6aec0d3d2819f10df2", content: "sha256:173f28e6abf433c93f3a996d8534a0ab1fa6d3b0581f747e9f11f26ed8550365" },
    ConvertedLayer { name: "python packages", format: DemoFormat::ZstdChunked, digest: "sha256:dad1bfda2f4736fe99c5d7eae018b8c83660206aad44672a46405f3745fabf1a", diff_id: "sha256:43a95d0e44d3f3d9d832c3c8495d906f43da03c9d5fff2254cc309d15523cd8f", content: "sha256:173f28e6abf433c93f3a996d8534a0ab1fa6d3b0581f747e9f11f26ed8550365" },
];

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use bytes::Bytes;

    use super::*;
    use crate::demo::blob::{Blob, Repeated};
    use crate::demo::packing::digest_of;

    #[test]
    fn the_digests_of_the_large_layers_are_true() {
        let plain = LARGE.iter().map(|large| (large.name, DemoFormat::Gzip, large.digest, large.diff_id));
        let converted = CONVERTED.iter().map(|row| (row.name, row.format, row.digest, row.diff_id));
        // A failure prints the values to write into the tables.
        let mut wrong = Vec::new();
        for row in CONVERTED {
            let large = LARGE.iter().find(|large| large.name == row.name).expect("a large layer");
            let (block, times) = (noise(BLOCK), large.blocks);
            let content = Repeated { head: Bytes::new(), block, times, tail: Bytes::new() };
            let content = digest_of(&Blob::Repeated(Arc::new(content))).to_string();
            if content != row.content {
                wrong.push(format!("{}|{:?}|content|{content}", row.name, row.format));
            }
        }
        for (name, format, digest, diff_id) in plain.chain(converted) {
            let large = LARGE.iter().find(|large| large.name == name).expect("a large layer");
            let packed = large.pack(format);
            let found = [digest_of(&packed.blob).to_string(), digest_of(&packed.tar).to_string()];
            if found != [digest, diff_id] {
                wrong.push(format!("{name}|{format:?}|{}", found.join("|")));
            }
        }
        assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    }
}
