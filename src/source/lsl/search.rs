//! Finds every stream that fits, of any format, and goes on looking for more while a recording runs.

use super::info::{Info, Resolver};
use super::library::ensure_loaded;
use super::query::{MarkerChoice, Query, term};
use super::resolve::{StreamSummary, not_found, resolver, wait_for};
use crate::source::SourceError;
use crate::source::spec::Parameters;
use crate::time::clock::Clock;

/// A stream that was found, to be opened on the thread that will read it.
pub struct Found(pub(super) Info);

// SAFETY: liblsl's handles may be used from any thread, one at a time, and this one has a single owner.
#[allow(unsafe_code)] // a promise about threads that only a person can make
unsafe impl Send for Found {}

impl Found {
    /// Name, type, shape and sender, copied out of the library.
    pub fn summary(&self) -> StreamSummary {
        StreamSummary::of(&self.0)
    }
}

/// Asks the network for what one `lsl:…` wants, from when it is made until it is dropped.
pub struct Search {
    resolvers: Vec<(String, Resolver)>,
    query: Query,
}

// SAFETY: as for `Found`: liblsl's resolvers may be used from any thread, one at a time.
#[allow(unsafe_code)] // a promise about threads that only a person can make
unsafe impl Send for Search {}

impl Search {
    /// Starts asking. `markers=NAME` adds the stream of that name; without it markers are recorded where the
    /// predicate asks for them. A unit has no meaning here: values stay as they are sent.
    ///
    /// # Errors
    /// [`SourceError::BadSpec`], [`SourceError::Library`], [`SourceError::Unusable`] without a network.
    pub fn start(parameters: &Parameters) -> Result<Self, SourceError> {
        ensure_loaded()?;
        let query = Query::from_parameters(parameters)?;
        let mut predicates = vec![query.predicate.clone()];
        if let MarkerChoice::Named(name) = &query.markers {
            let bad = |why| SourceError::BadSpec { spec: super::query::display(parameters), why };
            predicates.push(term("name", name).map_err(bad)?);
        }
        let resolvers = predicates.into_iter().map(|p| resolver(&p).map(|found| (p, found)));
        Ok(Self { resolvers: resolvers.collect::<Result<_, _>>()?, query })
    }

    /// Waits until every predicate has found something; all that was found, oldest first.
    ///
    /// # Errors
    /// [`SourceError::NotFound`] with what else is on the network.
    pub fn first(&self, clock: &Clock) -> Result<Vec<Found>, SourceError> {
        let deadline_secs = clock.now_secs() + self.query.patience_secs();
        let mut all = Vec::new();
        for (predicate, resolver) in &self.resolvers {
            let found = wait_for(resolver, clock, deadline_secs);
            if found.is_empty() {
                let waited_secs = self.query.patience_secs();
                return Err(not_found(&format!("LSL stream with {predicate}"), waited_secs));
            }
            all.extend(found.into_iter().map(Found));
        }
        Ok(all)
    }

    /// What is there now.
    pub fn now(&self) -> Vec<Found> {
        let all = self.resolvers.iter().flat_map(|(_, resolver)| resolver.results());
        all.map(Found).collect()
    }
}
