import grpc
import tensorflow as tf
from tensorflow_serving.apis import (
    get_model_status_pb2,
    model_service_pb2_grpc,
    predict_pb2,
    prediction_service_pb2_grpc,
)

from psp_keras.errors import UserError
from psp_keras.serving.unavailable import Unavailable


class GRPCTransport:
    """TF Serving's gRPC interface.

    Args:
        address: `host:8500`.
        model: name of the model.
        timeout: seconds to wait for an answer.
        max_message_bytes: size of one request.
    """

    def __init__(self, address, model, timeout, max_message_bytes):
        limits = [("grpc.max_send_message_length", max_message_bytes), ("grpc.max_receive_message_length", -1)]
        channel = grpc.insecure_channel(address, options=limits)
        self._address = address
        self._model = model
        self._timeout = timeout
        self._predictions = prediction_service_pb2_grpc.PredictionServiceStub(channel)
        self._models = model_service_pb2_grpc.ModelServiceStub(channel)

    def status(self):
        request = get_model_status_pb2.GetModelStatusRequest()
        request.model_spec.name = self._model
        answer = self._ask(self._models.GetModelStatus, request)
        states = get_model_status_pb2.ModelVersionStatus.State
        return {status.version: states.Name(status.state) for status in answer.model_version_status}

    def predict(self, signature, inputs):
        """Calls a signature; pictures go in and come out as bytes."""
        request = predict_pb2.PredictRequest()
        request.model_spec.name = self._model
        request.model_spec.signature_name = signature
        for name, value in inputs.items():
            request.inputs[name].CopyFrom(tf.make_tensor_proto(value))
        outputs = self._ask(self._predictions.Predict, request).outputs
        try:
            return {name: tf.make_ndarray(value).tolist() for name, value in outputs.items()}
        except (TypeError, ValueError) as error:
            raise UserError(f"{self._address} answered with a tensor that cannot be read.") from error

    def _ask(self, call, request):
        try:
            return call(request, timeout=self._timeout)
        except grpc.RpcError as error:
            if error.code() == grpc.StatusCode.UNAVAILABLE:
                raise Unavailable(f"cannot reach {self._address}") from error
            if error.code() == grpc.StatusCode.DEADLINE_EXCEEDED:
                raise UserError(f"{self._address} did not answer within {self._timeout:g} seconds.") from error
            reason = " ".join((error.details() or "no reason given").split())
            raise UserError(f"{self._address} refused ({error.code().name}): {reason}") from error
