//! `regtui verify`: looks for a signature of an image by a given key.

use std::io::{BufWriter, Read, Write};
use std::path::{Path, PathBuf};

use clap::Args;
use serde::Serialize;

use super::arguments::ArgumentReader;
use super::image_files::announce_price;
use super::{CliError, platform, print};
use crate::client::Pool;
use crate::model::attached::SignatureClaim;
use crate::model::attached::public_key::PublicKey;
use crate::model::attached::verification::{SignedThing, Verdict};
use crate::model::digest::Digest;
use crate::model::failure::Failure;
use crate::model::platform::Platform;
use crate::model::text::SafeText;
use crate::ops::inspect;
use crate::ops::verify::{CheckedSignature, SignatureCheck, WantedSignature, verify};

/// The most bytes of a file with a key.
const LARGEST_KEY: u64 = 64 * 1024;

/// Check that an image is signed by a key: cosign's signatures, sigstore bundles, DSSE
#[derive(Debug, Args)]
#[command(
    after_help = "Exit codes: 0 a signature of this image by this key exists; 1 there is none, or something could not be read;
2 wrong usage; 130 interrupted. Identities in certificates are never checked and never count."
)]
pub(crate) struct Verify {
    /// Image to check: nginx:1.27, ghcr.io/org/app@sha256:…
    #[arg(value_name = "IMAGE")]
    image: String,
    /// Public key in PEM form: ECDSA P-256 or P-384, RSA of 2048 bits or more, Ed25519
    #[arg(long, value_name = "FILE")]
    key: PathBuf,
    /// Check the image for this platform (linux/arm64, or arm64), not the index
    #[arg(long, value_name = "PLATFORM")]
    platform: Option<String>,
    /// Look for a signed statement of this predicate type about the image, such as https://slsa.dev/provenance/v1
    #[arg(long, value_name = "TYPE")]
    predicate: Option<String>,
    /// Print one JSON document
    #[arg(long)]
    json: bool,
}

#[derive(Serialize)]
struct VerifyDocument<'a> {
    reference: String,
    digest: Digest,
    platform: Option<&'a Platform>,
    /// Whether a signature that was asked for is one of the key over this digest.
    signed: bool,
    key: KeyDocument,
    signatures: Vec<SignatureDocument<'a>>,
    /// The artifacts that may hold a signature and could not be read.
    unread: &'a [Failure],
    /// The reason why there may be more signatures.
    incomplete: Option<SafeText>,
}

#[derive(Serialize)]
struct KeyDocument {
    file: String,
    kind: &'static str,
    /// The digest of the key in DER.
    id: Digest,
}

#[derive(Serialize)]
struct SignatureDocument<'a> {
    artifact: &'a str,
    digest: &'a str,
    signed: SignedThing,
    predicate_type: Option<&'a SafeText>,
    verdict: Verdict,
    claim: Option<&'a SignatureClaim>,
}

impl Verify {
    /// Checks the image and prints the result for each signature.
    pub(super) async fn run(&self, pool: &Pool) -> Result<(), CliError> {
        let key = read_key(&self.key)?;
        let platform = self.platform.as_deref().map(platform::parse).transpose()?;
        let reference = ArgumentReader::of(pool).image(&self.image)?;
        let registry = pool.registry(&reference.repository.host);
        let found = inspect::inspect(&*registry, &reference.repository, &reference.selector(), None).await;
        let inspection = found.map_err(|error| error.failure(format!("cannot read {reference}")))?;
        let variant = platform.as_ref().map(|platform| platform::find(&inspection, platform)).transpose()?;
        // An image that stands alone is its own variant, and its referrers are those of the inspection.
        let variant = variant.filter(|variant| variant.descriptor.is_some());
        let wanted = match &self.predicate {
            Some(predicate) => WantedSignature::OfStatement(predicate),
            None => WantedSignature::OfImage,
        };
        let check = verify(&*registry, &inspection, variant, wanted, &key, announce_price).await?;
        pool.flush().await;
        let mut out = BufWriter::new(std::io::stdout().lock());
        let incomplete = inspection.missing_referrers();
        if self.json {
            let document = VerifyDocument {
                reference: reference.to_string(),
                digest: check.digest,
                platform: platform.as_ref(),
                signed: check.is_signed(),
                key: KeyDocument { file: self.key.display().to_string(), kind: key.kind(), id: key.id() },
                signatures: check.checked.iter().map(signature_document).collect(),
                unread: &check.unread,
                incomplete,
            };
            print::json(&mut out, &document)?;
        } else {
            self.print(&mut out, &check, incomplete.as_ref())?;
        }
        out.flush()?;
        if check.is_signed() {
            return Ok(());
        }
        Err(not_signed(&reference.to_string(), &check).into())
    }

    fn print(
        &self,
        out: &mut impl Write,
        check: &SignatureCheck,
        incomplete: Option<&SafeText>,
    ) -> std::io::Result<()> {
        let file = SafeText::from(self.key.display().to_string());
        for checked in &check.checked {
            let verification = &checked.verification;
            let thing = match (verification.signed, &verification.predicate_type) {
                (SignedThing::Statement, Some(predicate_type)) => format!("statement {predicate_type}"),
                _ => "signature".to_owned(),
            };
            let verdict = match verification.verdict {
                Verdict::Signed => format!("signed by key {file} over digest {}", check.digest),
                other => other.label().to_owned(),
            };
            let claim = checked.part.document().and_then(|document| document.signature.as_ref());
            let signer =
                claim.filter(|_| verification.verdict != Verdict::Signed).and_then(SignatureClaim::signer);
            let signer = signer.map(|signer| format!(" ({signer}, not checked)")).unwrap_or_default();
            let artifact = SafeText::clean(&checked.artifact.digest_text);
            writeln!(out, "{thing} in {artifact}: {verdict}{signer}")?;
        }
        for failure in &check.unread {
            writeln!(out, "not checked: {failure}")?;
        }
        if let Some(incomplete) = incomplete {
            writeln!(out, "{incomplete}")?;
        }
        Ok(())
    }
}

fn signature_document(checked: &CheckedSignature) -> SignatureDocument<'_> {
    let document = checked.part.document();
    SignatureDocument {
        artifact: &checked.artifact.digest_text,
        digest: &checked.part.descriptor.digest_text,
        signed: checked.verification.signed,
        predicate_type: checked.verification.predicate_type.as_ref(),
        verdict: checked.verification.verdict,
        claim: document.and_then(|document| document.signature.as_ref()),
    }
}

fn not_signed(reference: &str, check: &SignatureCheck) -> Failure {
    let why = if check.checked.is_empty() {
        "no signature was found".to_owned()
    } else {
        format!("no signature over digest {} is one of this key", check.digest)
    };
    let mut failure = Failure::local(format!("{reference} is not signed by this key"), why);
    failure.hint = Some("`regtui belongs` lists everything that is attached to it".into());
    failure
}

/// Reads a public key from a file.
pub(super) fn read_key(file: &Path) -> Result<PublicKey, CliError> {
    let bad = |why: &dyn std::fmt::Display| CliError::Usage(format!("`--key {}`: {why}", file.display()));
    let mut bytes = Vec::new();
    let opened = std::fs::File::open(file).map_err(|error| bad(&error))?;
    opened.take(LARGEST_KEY).read_to_end(&mut bytes).map_err(|error| bad(&error))?;
    PublicKey::of_pem(&bytes).map_err(|error| bad(&error))
}
