//! The RPC plane, OpenAPI version 2016-01-20 (openapi.md): control plane and shared gateway.
