"""Serve a trained run over HTTP, by default on the loopback address only.

The application is independent of the families: each lists its endpoints in service.py (core.endpoint.Endpoint), from
which routes, checks and /openapi.json are made. connection.py limits what a slow or hostile client can occupy.
"""
