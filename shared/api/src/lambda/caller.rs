//! Identifies callers from what the gateway has verified.

use artifact::{PseudonymKey, ShortKey};
use lambda_http::Request;
use lambda_http::aws_lambda_events::apigw::ApiGatewayRequestAuthorizer;
use lambda_http::request::RequestContext;

use crate::personal::Caller;

/// The environment variable that names the token claim with the user's id; `sub` if it is not set.
pub const SUBJECT_CLAIM: &str = "SUBJECT_CLAIM";

/// The environment variable with the key for hashing callers in the log. If it is not set, the log does not
/// identify callers.
pub const CALLER_KEY: &str = "CALLER_KEY";

/// The claim that identifies the owner of a token (RFC 7519, section 4.1.2).
const SUBJECT: &str = "sub";

/// How callers are identified, and what the log calls them.
#[derive(Debug, Clone)]
pub(super) struct Callers {
    claim: String,
    key: Option<PseudonymKey>,
}

impl Callers {
    /// Takes the values of [`SUBJECT_CLAIM`] and [`CALLER_KEY`].
    pub(super) fn new(claim: Option<String>, key: Option<&str>) -> Result<Self, ShortKey> {
        let claim = claim.unwrap_or_else(|| SUBJECT.to_owned());
        let key = key.map(|key| PseudonymKey::new(key.as_bytes())).transpose()?;
        Ok(Self { claim, key })
    }

    /// Sets the [`Caller`] of a request from the claim in its token, if there is one.
    pub(super) fn identify<B>(&self, mut request: axum::http::Request<B>) -> axum::http::Request<B> {
        request.extensions_mut().remove::<Caller>();
        let claim = authorizer(&request).and_then(|of| of.jwt.as_ref()?.claims.get(&self.claim));
        if let Some(user) = claim.cloned() {
            request.extensions_mut().insert(Caller(user));
        }
        request
    }

    /// Returns the name of the caller in the log: a keyed hash of the owner of the token, or of the user or
    /// role that signed the request.
    pub(super) fn name(&self, request: &Request) -> Option<String> {
        let key = self.key.as_ref()?;
        let of = authorizer(request)?;
        let owner =
            of.jwt.as_ref().and_then(|jwt| jwt.claims.get(&self.claim).or_else(|| jwt.claims.get(SUBJECT)));
        let signer = of.iam.as_ref().and_then(|iam| iam.user_arn.as_ref());
        owner.or(signer).map(|caller| key.pseudonym(caller))
    }
}

fn authorizer<B>(request: &axum::http::Request<B>) -> Option<&ApiGatewayRequestAuthorizer> {
    match request.extensions().get::<RequestContext>()? {
        RequestContext::ApiGatewayV2(context) => context.authorizer.as_ref(),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use lambda_http::Body;
    use lambda_http::aws_lambda_events::apigw::ApiGatewayV2httpRequestContext;
    use serde_json::{Value, json};

    use super::*;

    const KEY: &str = "0123456789abcdef0123456789abcdef";

    fn request(authorizer: &Value) -> Request {
        let context = json!({ "authorizer": authorizer, "http": { "method": "GET" } });
        let context: ApiGatewayV2httpRequestContext = serde_json::from_value(context).unwrap();
        let mut request = Request::new(Body::Empty);
        request.extensions_mut().insert(RequestContext::ApiGatewayV2(context));
        request
    }

    fn token(claims: &Value) -> Request {
        request(&json!({ "jwt": { "claims": claims } }))
    }

    fn user(callers: &Callers, request: Request) -> Option<Caller> {
        callers.identify(request).extensions().get::<Caller>().cloned()
    }

    #[test]
    fn the_caller_is_the_claim_of_the_token() {
        let callers = Callers::new(None, None).unwrap();
        let alice = token(&json!({ "sub": "alice", "user": "17" }));
        assert_eq!(user(&callers, alice.clone()), Some(Caller("alice".to_owned())));
        let by_user = Callers::new(Some("user".to_owned()), None).unwrap();
        assert_eq!(user(&by_user, alice), Some(Caller("17".to_owned())));
        assert_eq!(user(&by_user, token(&json!({ "sub": "alice" }))), None);
        assert_eq!(user(&callers, request(&Value::Null)), None);
        assert_eq!(user(&callers, Request::new(Body::Empty)), None);
    }

    #[test]
    fn nothing_that_a_request_has_already_is_believed() {
        let callers = Callers::new(None, None).unwrap();
        let mut forged = request(&Value::Null);
        forged.extensions_mut().insert(Caller("alice".to_owned()));
        assert_eq!(user(&callers, forged), None);
    }

    #[test]
    fn the_log_has_a_keyed_hash() {
        let callers = Callers::new(None, Some(KEY)).unwrap();
        let key = PseudonymKey::new(KEY.as_bytes()).unwrap();
        let alice = token(&json!({ "sub": "alice" }));
        assert_eq!(callers.name(&alice), Some(key.pseudonym("alice")));
        let arn = "arn:aws:sts::1:assumed-role/app/session";
        let signed = request(&json!({ "iam": { "userArn": arn } }));
        assert_eq!(callers.name(&signed), Some(key.pseudonym(arn)));
        assert_eq!(callers.name(&request(&Value::Null)), None);
        assert_eq!(Callers::new(None, None).unwrap().name(&alice), None);
        assert!(Callers::new(None, Some("short")).is_err());
    }
}
