"""Two-step sign-in: authenticator apps, passkeys, recovery codes, and the rule that a company requires them."""
