"""The transport of Authlib's client: requests' interface over http.py."""

from __future__ import annotations

from typing import Any

import requests
from authlib.integrations.requests_client import OAuth2Session
from requests.adapters import BaseAdapter
from requests.structures import CaseInsensitiveDict

from ..webhooks.answer import Answer
from .http import Reach, fetch

_SENT = ("accept", "authorization", "content-type", "user-agent")


class ProviderAdapter(BaseAdapter):
    """Sends for requests. Raises ProviderAway and ProviderFault, which requests lets through."""

    def __init__(self, reach: Reach) -> None:
        super().__init__()
        self.reach = reach

    def send(
        self,
        request: requests.PreparedRequest,
        stream: bool = False,
        timeout: Any = None,
        verify: bool | str = True,
        cert: Any = None,
        proxies: Any = None,
    ) -> requests.Response:
        """The options are requests' defaults: the time, the certificates and the way are this transport's."""
        body = request.body if isinstance(request.body, bytes) else str(request.body or "").encode()
        headers = {name: str(value) for name, value in request.headers.items() if name.lower() in _SENT}
        return _response(request, fetch(request.method or "GET", request.url or "", body, headers, self.reach))

    def close(self) -> None:
        pass


class ProviderSession(OAuth2Session):
    """Authlib's session on this transport, without proxies and `.netrc` of the environment."""

    def __init__(self, *arguments: Any, adapter: ProviderAdapter, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self.trust_env = False
        self.adapters.clear()
        self.mount("https://", adapter)
        self.mount("http://", adapter)


def _response(request: requests.PreparedRequest, answer: Answer) -> requests.Response:
    response = requests.Response()
    response.status_code = answer.status
    response.headers = CaseInsensitiveDict(dict(answer.headers))
    response.url = request.url or ""
    response.request = request
    response.encoding = "utf-8"
    response._content = answer.body
    return response
