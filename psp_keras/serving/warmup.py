"""Requests that TF Serving sends to itself when it loads an export, so that the first user does not wait."""

import importlib.util

import tensorflow as tf

_FILE = "assets.extra/tf_serving_warmup_requests"


def write_warmup(path, size, model="psp"):
    """Writes a warm-up request, where the extra `serving` (`tensorflow-serving-api`) is installed.

    Args:
        path: folder of the SavedModel.
        size: pixels of the picture that is sent: black, and a label map's first label.
        model: name that the server has for the model.

    Returns:
        Whether it was written.
    """
    if importlib.util.find_spec("tensorflow_serving") is None:
        return False
    from tensorflow_serving.apis import predict_pb2, prediction_log_pb2

    picture = tf.io.encode_png(tf.zeros((size, size, 3), tf.uint8)).numpy()
    request = predict_pb2.PredictRequest()
    request.model_spec.name = model
    request.model_spec.signature_name = "serving_default"
    request.inputs["image_bytes"].CopyFrom(tf.make_tensor_proto([picture]))
    log = prediction_log_pb2.PredictionLog(predict_log=prediction_log_pb2.PredictLog(request=request))
    (path / _FILE).parent.mkdir(parents=True, exist_ok=True)
    with tf.io.TFRecordWriter(str(path / _FILE)) as writer:
        writer.write(log.SerializeToString())
    return True
