"""A stand-in for TF Serving: its documented Predict and status endpoints, REST and gRPC, over `tf.saved_model.load`.

It is not TF Serving: one model, one version, no batching. The real server's binary cannot be installed in the tests.
"""

import base64
import concurrent.futures
import http.server
import json
import threading

import grpc
import numpy as np
import tensorflow as tf
from tensorflow_serving.apis import (
    get_model_status_pb2,
    model_service_pb2_grpc,
    predict_pb2,
    prediction_service_pb2_grpc,
)


class StandIn:
    """Serves an export on two free ports of this machine until it is closed.

    Args:
        path: the version folder of an export.
        unavailable: how many calls to answer with UNAVAILABLE first.
    """

    def __init__(self, path, unavailable=0):
        self.signatures = tf.saved_model.load(str(path)).signatures
        self.unavailable = unavailable
        self.calls = []
        handler = type("Handler", (_RESTHandler,), {"stand_in": self})
        self._http = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
        self._http.daemon_threads = True
        threading.Thread(target=self._http.serve_forever, daemon=True).start()
        self._grpc = grpc.server(concurrent.futures.ThreadPoolExecutor(8))
        servicer = _GRPCServicer(self)
        prediction_service_pb2_grpc.add_PredictionServiceServicer_to_server(servicer, self._grpc)
        model_service_pb2_grpc.add_ModelServiceServicer_to_server(servicer, self._grpc)
        self.grpc_url = f"grpc://127.0.0.1:{self._grpc.add_insecure_port('127.0.0.1:0')}"
        self.rest_url = f"http://127.0.0.1:{self._http.server_port}"
        self._grpc.start()

    def close(self):
        self._http.shutdown()
        self._http.server_close()
        self._grpc.stop(None)

    def turned_away(self):
        if self.unavailable:
            self.unavailable -= 1
            return True
        return False

    def predict(self, signature, inputs):
        self.calls.append(signature)
        function = self.signatures[signature]
        specs = function.structured_input_signature[1]
        if set(inputs) != set(specs):
            raise ValueError(f"inputs {sorted(inputs)} where {sorted(specs)} are expected")
        return function(**{name: tf.cast(value, specs[name].dtype) for name, value in inputs.items()})


class _RESTHandler(http.server.BaseHTTPRequestHandler):
    stand_in = None

    def do_GET(self):
        state = {"version": "1", "state": "AVAILABLE", "status": {"error_code": "OK", "error_message": ""}}
        self._answer(200, {"model_version_status": [state]})

    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        if self.stand_in.turned_away():
            return self._answer(503, {"error": "busy"})
        try:
            request = json.loads(body)
            inputs = {name: _decode(value) for name, value in request["inputs"].items()}
            outputs = self.stand_in.predict(request.get("signature_name", "serving_default"), inputs)
        except (ValueError, KeyError, tf.errors.InvalidArgumentError) as error:
            return self._answer(400, {"error": str(error)})
        (values,) = outputs.values()
        return self._answer(200, {"outputs": _encode(values.numpy().tolist())})

    def _answer(self, code, content):
        data = json.dumps(content).encode()
        self.send_response(code)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, *arguments):
        """Says nothing."""


def _decode(value):
    if isinstance(value, dict):
        return base64.b64decode(value["b64"])
    return [_decode(item) for item in value] if isinstance(value, list) else value


def _encode(value):
    return [_encode(item) for item in value] if isinstance(value, list) else {"b64": base64.b64encode(value).decode()}


class _GRPCServicer(prediction_service_pb2_grpc.PredictionServiceServicer, model_service_pb2_grpc.ModelServiceServicer):
    def __init__(self, stand_in):
        self._stand_in = stand_in

    def Predict(self, request, context):
        if self._stand_in.turned_away():
            context.abort(grpc.StatusCode.UNAVAILABLE, "busy")
        inputs = {name: tf.make_ndarray(value) for name, value in request.inputs.items()}
        try:
            outputs = self._stand_in.predict(request.model_spec.signature_name or "serving_default", inputs)
        except (ValueError, KeyError, tf.errors.InvalidArgumentError) as error:
            context.abort(grpc.StatusCode.INVALID_ARGUMENT, str(error))
        response = predict_pb2.PredictResponse()
        for name, value in outputs.items():
            response.outputs[name].CopyFrom(tf.make_tensor_proto(np.asarray(value)))
        return response

    def GetModelStatus(self, request, context):
        response = get_model_status_pb2.GetModelStatusResponse()
        response.model_version_status.add(version=1, state=30)
        return response
