import base64
import reprlib

import numpy as np
import requests

from psp_keras.errors import UserError
from psp_keras.serving.unavailable import Unavailable


class RESTTransport:
    """TF Serving's REST interface: JSON, in which names that end in `_bytes` are base64-coded.

    Args:
        url: `http://host:8501`.
        model: name of the model.
        timeout: seconds to wait for an answer.
    """

    def __init__(self, url, model, timeout):
        self._url = f"{url}/v1/models/{model}"
        self._timeout = timeout

    def status(self):
        answer = self._ask("GET", "")
        try:
            return {int(version["version"]): str(version["state"]) for version in answer["model_version_status"]}
        except (KeyError, TypeError, ValueError) as error:
            raise self._nonsense("the states of a model's versions") from error

    def predict(self, signature, inputs):
        """Calls a signature; pictures go in and come out as bytes."""
        body = {"signature_name": signature, "inputs": {name: _to_json(value) for name, value in inputs.items()}}
        answer = self._ask("POST", ":predict", json=body)
        # TF Serving leaves the name away where there is one output.
        name = {"serving_default": "translated_bytes", "style_mix": "mixed_bytes"}[signature]
        try:
            return {name: _from_json(answer["outputs"])}
        except (KeyError, TypeError, ValueError) as error:
            raise self._nonsense("outputs in base64") from error

    def _ask(self, method, path, **options):
        try:
            response = requests.request(
                method, self._url + path, timeout=self._timeout, allow_redirects=False, **options
            )
        except requests.Timeout as error:
            raise UserError(f"{self._url} did not answer within {self._timeout:g} seconds.") from error
        except requests.ConnectionError as error:
            raise Unavailable(f"cannot reach {self._url}") from error
        except requests.RequestException as error:
            raise UserError(f"{self._url} cannot be asked: {' '.join(str(error).split())}.") from error
        if response.status_code == 503:
            raise Unavailable(f"{self._url} answered 503")
        if response.is_redirect:
            place = reprlib.repr(response.headers.get("Location"))
            raise UserError(f"{self._url} answered {response.status_code}, a redirect to {place}: is that the server?")
        try:
            content = response.json()
        except (ValueError, RecursionError) as error:
            raise UserError(f"{self._url} answered {response.status_code}, and no JSON: is it TF Serving?") from error
        if not isinstance(content, dict):
            raise self._nonsense("an object")
        if not response.ok:
            reason = " ".join(str(content.get("error", content)).split())
            raise UserError(f"{self._url} refused ({response.status_code}): {reason}")
        return content

    def _nonsense(self, wanted):
        return UserError(f"{self._url} answered JSON without {wanted}: is it TF Serving with an exported model?")


def _to_json(value):
    if isinstance(value, list):
        return [{"b64": base64.b64encode(data).decode()} for data in value]
    return np.asarray(value).tolist()


def _from_json(value):
    if isinstance(value, list):
        return [_from_json(item) for item in value]
    return base64.b64decode(value["b64"], validate=True)
