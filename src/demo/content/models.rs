//! Models, stored as artifacts: files of gigabytes whose headers tell what they are.

use std::sync::{Arc, LazyLock};

use serde_json::{Map, json};

use crate::demo::blob::{Blob, Repeated};
use crate::demo::files::{MOST_NOISE, noise};
use crate::demo::layer::DemoLayer;
use crate::demo::packing::DemoFormat;
use crate::demo::store::Store;

/// The digest of [`gguf`], written down because hashing it takes a second.
const GGUF_DIGEST: &str = "sha256:aa7fca5021354516ea58d1565248b9ff2a8aac6b8fe6765cd047c226e9bca4f2";
/// The number of blocks of noise in place of the tensors.
const BLOCKS: u64 = 5_000;

/// Pushes a model beside the images of `ml/assistant` that serve it.
pub(crate) fn push(store: &Store) {
    let Ok(digest) = GGUF_DIGEST.parse() else { return };
    let weights = DemoLayer {
        digest,
        diff_id: digest,
        blob: gguf(),
        format: DemoFormat::Gzip,
        annotations: Map::new(),
    };
    let config = json!({
        "descriptor": { "name": "assistant", "createdAt": "2026-07-01T09:00:00Z" },
        "modelfs": { "type": "layers", "diffIds": [digest] },
        "config": { "architecture": "transformer", "format": "gguf", "paramSize": "0.5b", "quantization": "Q4_K_M" },
    });
    store
        .artifact("ml/assistant")
        .kind("application/vnd.cncf.model.manifest.v1+json")
        .config("application/vnd.cncf.model.config.v1+json", config.to_string())
        .archive("application/vnd.cncf.model.weight.v1.raw", &weights)
        .layer_annotation("org.cncf.model.filepath", "assistant-q4_k_m.gguf")
        .layer("application/vnd.cncf.model.weight.v1.raw", adapter())
        .layer_annotation("org.cncf.model.filepath", "adapters/polite.safetensors")
        .layer(
            "application/vnd.cncf.model.doc.v1.raw",
            "# assistant\n\nAnswers questions about registries.\n",
        )
        .layer_annotation("org.cncf.model.filepath", "README.md")
        .annotation("org.opencontainers.image.created", "2026-07-01T09:00:00Z")
        .tag("0.5b-q4-gguf")
        .push();
}

/// Returns a model whose header is true, with noise in place of its tensors.
fn gguf() -> Blob {
    static MODEL: LazyLock<Blob> = LazyLock::new(|| {
        let parts = Repeated {
            head: gguf_header().into(),
            block: noise(MOST_NOISE),
            times: BLOCKS,
            tail: bytes::Bytes::new(),
        };
        Blob::Repeated(Arc::new(parts))
    });
    MODEL.clone()
}

/// Returns a header: <https://github.com/ggml-org/ggml/blob/master/docs/gguf.md>.
fn gguf_header() -> Vec<u8> {
    let mut tensors = vec![
        ("token_embd.weight".to_string(), vec![896, 32_000], 12),
        ("output_norm.weight".to_string(), vec![896], 0),
    ];
    for block in 0..24 {
        for (name, shape, kind) in [
            ("attn_norm", vec![896], 0),
            ("attn_q", vec![896, 896], 12),
            ("attn_k", vec![896, 128], 12),
            ("attn_v", vec![896, 128], 14),
            ("attn_output", vec![896, 896], 12),
            ("ffn_gate", vec![896, 4_864], 12),
            ("ffn_up", vec![896, 4_864], 12),
            ("ffn_down", vec![4_864, 896], 14),
        ] {
            tensors.push((format!("blk.{block}.{name}.weight"), shape, kind));
        }
    }
    let words: Vec<String> = (0..32_000).map(|number| format!("word{number}")).collect();
    let mut header = b"GGUF\x03\0\0\0".to_vec();
    header.extend((tensors.len() as u64).to_le_bytes());
    header.extend(9_u64.to_le_bytes());
    for (key, text) in [
        ("general.architecture", "qwen2"),
        ("general.name", "Assistant 0.5B"),
        ("general.license", "apache-2.0"),
        ("tokenizer.ggml.model", "gpt2"),
    ] {
        put_text(&mut header, key);
        header.extend(8_u32.to_le_bytes());
        put_text(&mut header, text);
    }
    for (key, number) in [
        ("general.file_type", 15_u32),
        ("qwen2.block_count", 24),
        ("qwen2.context_length", 32_768),
        ("qwen2.embedding_length", 896),
    ] {
        put_text(&mut header, key);
        header.extend(4_u32.to_le_bytes());
        header.extend(number.to_le_bytes());
    }
    put_text(&mut header, "tokenizer.ggml.tokens");
    header.extend(9_u32.to_le_bytes());
    header.extend(8_u32.to_le_bytes());
    header.extend((words.len() as u64).to_le_bytes());
    words.iter().for_each(|word| put_text(&mut header, word));
    for (name, shape, kind) in tensors {
        put_text(&mut header, &name);
        header.extend((shape.len() as u32).to_le_bytes());
        shape.iter().for_each(|dimension: &u64| header.extend(dimension.to_le_bytes()));
        header.extend((kind as u32).to_le_bytes());
        header.extend(0_u64.to_le_bytes());
    }
    header
}

fn put_text(bytes: &mut Vec<u8>, text: &str) {
    bytes.extend((text.len() as u64).to_le_bytes());
    bytes.extend_from_slice(text.as_bytes());
}

/// Returns a small file of tensors: <https://github.com/huggingface/safetensors#format>.
fn adapter() -> Vec<u8> {
    let tensor =
        |from: usize, to: usize| json!({ "dtype": "BF16", "shape": [16, 896], "data_offsets": [from, to] });
    let header = json!({
        "__metadata__": { "format": "pt", "base_model": "assistant" },
        "blk.0.attn_q.lora_a": tensor(0, 28_672),
        "blk.0.attn_q.lora_b": tensor(28_672, 57_344),
    })
    .to_string();
    let mut bytes = (header.len() as u64).to_le_bytes().to_vec();
    bytes.extend_from_slice(header.as_bytes());
    bytes.extend_from_slice(&noise(57_344));
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::demo::packing::digest_of;

    #[test]
    fn the_digest_of_the_model_is_true() {
        assert_eq!(digest_of(&gguf()).to_string(), GGUF_DIGEST);
    }
}
