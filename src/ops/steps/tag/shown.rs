//! Waits until a registry shows a change that it has accepted.

use std::time::{Duration, Instant};

use futures_util::{FutureExt, StreamExt, TryStreamExt, stream};
use tokio_util::sync::CancellationToken;

use super::{AT_ONCE, RepositoryClient};
use crate::client::Error;
use crate::client::registry::visibility::Visibility;
use crate::model::digest::Digest;
use crate::model::reference::Selector;

/// A tag or digest, and the state that is waited for.
pub(crate) type Wanted = (Selector, Shown);

/// The state that a tag or digest is expected to show.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Shown {
    /// It has this digest, or does not exist.
    Is(Option<Digest>),
    /// It has any other digest than this one, or does not exist.
    Not(Digest),
}

impl Shown {
    fn matches(self, now: Option<Digest>) -> bool {
        match self {
            Shown::Is(wanted) => now == wanted,
            Shown::Not(digest) => now != Some(digest),
        }
    }
}

impl RepositoryClient<'_> {
    fn is_stopped(&self) -> bool {
        self.stop.is_some_and(CancellationToken::is_cancelled)
    }

    /// Returns how long to wait until a change shows. Zero if the registry shows each change at once.
    pub(crate) fn visibility_timeout(&self) -> Duration {
        self.registry.visibility().map(Visibility::timeout).unwrap_or_default()
    }

    /// Returns whether the registry was found to show changes only some time after it accepted them.
    pub(crate) fn has_delayed_visibility(&self) -> bool {
        self.registry.visibility().is_some_and(Visibility::is_delayed)
    }

    fn learn_visibility(&self, took: Option<Duration>) {
        if let Some(visibility) = self.registry.visibility() {
            visibility.learn(took);
        }
    }

    /// Waits, for some seconds at most, until a tag or digest has the wanted digest. Returns whether it has.
    pub(crate) async fn wait_until_shown(
        &self,
        selector: &Selector,
        wanted: Option<Digest>,
    ) -> Result<bool, Error> {
        let wanted = vec![(selector.clone(), Shown::Is(wanted))];
        Ok(self.wait_until_all_shown(wanted, self.visibility_timeout()).await?.is_empty())
    }

    /// Waits until all of these show the expected state, and asks less and less often. Returns those that do not when
    /// the time is over or the wait is stopped. The visibility of the registry learns that changes show late or
    /// never.
    pub(crate) async fn wait_until_all_shown(
        &self,
        wanted: Vec<Wanted>,
        most: Duration,
    ) -> Result<Vec<Wanted>, Error> {
        let (begun, mut told, mut left) = (Instant::now(), None, wanted);
        let longest = most / 8;
        let mut pause = longest / 8;
        loop {
            left = self.list_not_shown(left).boxed().await?;
            let took = begun.elapsed();
            if left.is_empty() {
                if told.is_some() {
                    self.learn_visibility(Some(took));
                }
                return Ok(left);
            }
            if took >= most || self.is_stopped() {
                if most >= self.visibility_timeout() && !self.is_stopped() {
                    self.learn_visibility(None);
                }
                return Ok(left);
            }
            told.get_or_insert_with(|| self.registry.visibility().map(Visibility::report_wait));
            let sleep = tokio::time::sleep(pause);
            match self.stop {
                Some(stop) => drop(stop.run_until_cancelled(sleep).await),
                None => sleep.await,
            }
            pause = (pause * 2).min(longest);
        }
    }

    /// Returns those that do not show the expected state now.
    async fn list_not_shown(&self, wanted: Vec<Wanted>) -> Result<Vec<Wanted>, Error> {
        let look = |(selector, shown): Wanted| {
            async move {
                let now = match shown {
                    Shown::Is(Some(digest)) | Shown::Not(digest) => {
                        self.digest_among(&selector, &[digest]).await?
                    }
                    // No bytes are read if it is expected not to exist.
                    Shown::Is(None) => self.digest_now(&selector).await?,
                };
                Ok((!shown.matches(now)).then_some((selector, shown)))
            }
            .boxed()
        };
        let looks: Vec<_> = wanted.into_iter().map(look).collect();
        let looks = stream::iter(looks).buffered(AT_ONCE);
        looks.try_filter_map(|unshown| async move { Ok(unshown) }).try_collect().await
    }
}
