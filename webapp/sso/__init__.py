"""Single sign-on by OpenID Connect: a connection to an identity provider per tenant (docs/single-sign-on.md)."""
