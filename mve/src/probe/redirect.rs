//! Redirects: where to ask next.

use super::observation::Observation;
use super::request::Request;
use super::target::{BadTarget, Target};

/// So many are followed.
pub const MOST: usize = 10;

/// The requests made so far on the way to a response.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Way {
    asked: Vec<(String, String)>,
}

/// Why a redirect is not followed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BadRedirect {
    /// It leads back.
    #[error("a redirect loop: {from} leads back to {to}")]
    Loop {
        /// Where it was found.
        from: String,
        /// Where it leads.
        to: String,
    },
    /// There is no end to it.
    #[error("{MOST} redirects, and {0} is one more: give the last one itself, if it is the right one")]
    TooMany(String),
    /// It leads nowhere.
    #[error("{from} is a redirect that leads nowhere: {why}")]
    Nowhere {
        /// Where it was found.
        from: String,
        /// Why.
        why: BadTarget,
    },
}

impl Way {
    /// What to ask next, if this answer is a redirect that says where to (RFC 9110 15.4).
    ///
    /// # Errors
    /// When it leads back, or nowhere, or on and on.
    pub fn next(
        &mut self,
        seen: &Observation,
        target: &Target,
        request: &Request,
    ) -> Result<Option<(Target, Request)>, BadRedirect> {
        let Some(head) = seen.head.as_ref().filter(|head| matches!(head.status, 301..=303 | 307 | 308)) else {
            return Ok(None);
        };
        let Some(location) = head.field("location") else { return Ok(None) };
        let from = target.to_string();
        let to = target
            .follow(&String::from_utf8_lossy(location))
            .map_err(|why| BadRedirect::Nowhere { from: from.clone(), why })?;
        let request = request.clone().redirected(head.status, target, &to);
        self.asked.push((seen.method.clone(), from.clone()));
        if self.asked.contains(&(request.method.clone(), to.to_string())) {
            return Err(BadRedirect::Loop { from, to: to.to_string() });
        }
        if self.asked.len() > MOST {
            return Err(BadRedirect::TooMany(from));
        }
        Ok(Some((to, request)))
    }
}
