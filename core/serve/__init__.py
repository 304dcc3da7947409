"""A trained run as a service over HTTP, on loopback unless told otherwise.

The application knows no family: each says in its service.py what can be asked (core.endpoint.Endpoint), and the routes,
the checks and /openapi.json are made from that. connection.py bounds what a slow or hostile client can hold.
"""
