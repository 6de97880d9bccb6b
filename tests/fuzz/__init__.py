"""Every path of the protocol, asked with requests made out of docs/openapi.json, and held to what stands there."""
