"""A real OpenID provider for the tests: the certified `oidc-provider` of npm, with people and lies that a test sets."""
