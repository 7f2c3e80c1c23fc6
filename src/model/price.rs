//! The bytes and requests that an operation takes at most, stated before it begins if they are many.

use std::fmt;
use std::ops::Add;

use jiff::Timestamp;

use super::plural::{counted, group_thousands};
use super::reference::Host;
use super::request_budget::{RequestBudget, RequestCount, RequestNeed};
use super::size;

/// Reading more bytes than this is announced before it begins.
pub const CHEAP_BYTES: u64 = 32 << 20;
/// Sending more requests than this is announced before it begins.
pub const CHEAP_REQUESTS: u64 = 200;

/// The bytes and requests that an operation takes at most.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Price {
    /// The bytes of layers, as far as they are known.
    pub bytes: u64,
    /// The requests. One that is sent again counts once.
    pub requests: u64,
    /// Those of them that read a manifest.
    pub manifest_reads: u64,
    /// Whether it may be more: a size is missing, or only the next part is known.
    pub is_more: bool,
    /// The number of layers that are read whole.
    pub whole_layers: usize,
}

impl Price {
    /// Creates the price of requests whose answers are small.
    pub fn of_requests(requests: usize) -> Price {
        Price { requests: requests as u64, ..Price::default() }
    }

    /// Creates the price of requests of which these read a manifest.
    pub(crate) fn with_manifest_reads(requests: usize, reads: usize) -> Price {
        Price { manifest_reads: reads as u64, ..Price::of_requests(requests) }
    }

    /// Returns the count of the requests.
    pub(crate) fn count(&self) -> RequestCount {
        RequestCount { all: self.requests, manifest_reads: self.manifest_reads }
    }

    /// Describes the operation, with the requests that are left at a registry if that is worth being stated: `sends 340
    /// requests: about 340 of 76 requests left at docker.io`.
    pub(crate) fn describe_within(
        &self,
        host: &Host,
        budget: Option<RequestBudget>,
        now: Timestamp,
    ) -> String {
        let need = budget.and_then(|budget| RequestNeed::worth_stating(host, self.count(), budget, now));
        match need {
            Some(need) => format!("{}: {need}", self.describe_all()),
            None => self.describe(),
        }
    }

    /// Returns whether it is announced before the operation begins.
    pub fn is_high(&self) -> bool {
        self.is_more_than(&Price::default())
    }

    /// Returns whether it is so much more than what was agreed that it is announced.
    pub fn is_more_than(&self, agreed: &Price) -> bool {
        self.bytes > agreed.bytes.saturating_add(CHEAP_BYTES)
            || self.requests > agreed.requests.saturating_add(CHEAP_REQUESTS)
            || (self.is_more && self.whole_layers > agreed.whole_layers && !agreed.is_more)
    }
}

impl Price {
    /// Returns the price of a reading of layers in words: `reads 68.9 MB of 3 layers`.
    pub(crate) fn text(&self) -> String {
        let layers = match self.whole_layers {
            0 => "tables of contents".into(),
            count => counted(count, "layer", "layers"),
        };
        format!("reads {self} of {layers}")
    }

    /// Describes the operation like [`Price::describe`], and names the requests even if they are few.
    pub fn describe_all(&self) -> String {
        match self.requests {
            requests @ 1..=CHEAP_REQUESTS if self.bytes == 0 => {
                let requests = usize::try_from(requests).unwrap_or(usize::MAX);
                format!("sends {}", counted(requests, "request", "requests"))
            }
            _ => self.describe(),
        }
    }

    /// Returns what the operation does: `reads 68.9 MB in 340 requests`, or `sends 340 requests` if their answers are small.
    pub fn describe(&self) -> String {
        let verb = if self.bytes == 0 && self.requests > 0 { "sends" } else { "reads" };
        match self.whole_layers {
            0 => format!("{verb} {self}"),
            layers => {
                let layers = counted(layers, "layer", "layers");
                format!("{verb} {self}: {layers} without a table of contents that could be read alone")
            }
        }
    }
}

impl Add for Price {
    type Output = Price;

    fn add(self, other: Price) -> Price {
        Price {
            bytes: self.bytes.saturating_add(other.bytes),
            requests: self.requests.saturating_add(other.requests),
            manifest_reads: self.manifest_reads.saturating_add(other.manifest_reads),
            is_more: self.is_more || other.is_more,
            whole_layers: self.whole_layers.saturating_add(other.whole_layers),
        }
    }
}

/// Writes the price: `68.9 MB or more`, `340 requests`, `68.9 MB in 340 requests`. Requests are named if they are many.
impl fmt::Display for Price {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let requests = usize::try_from(self.requests).unwrap_or(usize::MAX);
        let requests =
            (self.requests > CHEAP_REQUESTS).then(|| format!("{} requests", group_thousands(requests)));
        match (self.bytes, requests) {
            (0, Some(requests)) => f.write_str(&requests)?,
            (bytes, None) => f.write_str(&size::bytes(bytes))?,
            (bytes, Some(requests)) => write!(f, "{} in {requests}", size::bytes(bytes))?,
        }
        f.write_str(if self.is_more { " or more" } else { "" })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_price_names_the_layers_and_doubts() {
        let price = |whole_layers, is_more| Price {
            bytes: 68_900_000,
            requests: 3,
            is_more,
            whole_layers,
            ..Price::default()
        };
        assert_eq!(price(3, false).text(), "reads 68.9 MB of 3 layers");
        assert_eq!(price(1, true).text(), "reads 68.9 MB or more of 1 layer");
        assert_eq!(price(0, false).text(), "reads 68.9 MB of tables of contents");
    }

    fn price(bytes: u64, requests: u64) -> Price {
        Price { bytes, requests, ..Price::default() }
    }

    #[test]
    fn many_bytes_or_many_requests_are_announced() {
        let unknown = |whole_layers| Price { is_more: true, whole_layers, ..Price::default() };
        for (price, expected) in [
            (Price::default(), false),
            (price(32 << 20, 200), false),
            (price((32 << 20) + 1, 0), true),
            (price(0, 201), true),
            (unknown(0), false),
            (unknown(1), true),
        ] {
            assert_eq!(price.is_high(), expected, "{price:?}");
        }
    }

    #[test]
    fn what_was_agreed_is_announced_again_only_if_it_becomes_much_more() {
        let agreed = price(100 << 20, 300);
        for (price, expected) in [
            (price(100 << 20, 300), false),
            (price(132 << 20, 500), false),
            (price((132 << 20) + 1, 0), true),
            (price(0, 501), true),
        ] {
            assert_eq!(price.is_more_than(&agreed), expected, "{price:?}");
        }
    }

    #[test]
    fn a_price_names_requests_if_they_are_many() {
        let or_more = Price { is_more: true, ..price(5_000_000, 1) };
        for (price, expected) in [
            (price(68_900_000, 12), "68.9 MB"),
            (price(68_900_000, 1_340), "68.9 MB in 1,340 requests"),
            (price(0, 340), "340 requests"),
            (or_more, "5 MB or more"),
        ] {
            assert_eq!(price.to_string(), expected);
        }
        assert_eq!(price(0, 340).describe(), "sends 340 requests");
        let layers = Price { whole_layers: 2, ..price(68_900_000, 2) };
        assert_eq!(
            layers.describe(),
            "reads 68.9 MB: 2 layers without a table of contents that could be read alone"
        );
    }
}
