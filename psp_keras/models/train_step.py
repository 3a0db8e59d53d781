"""The training step of `PSP` in the manner of each Keras backend; all three do the same."""

import keras


class TensorFlowStep:
    """Gradients from a tape."""

    def train_step(self, data):
        import tensorflow as tf

        with tf.GradientTape() as tape:
            terms = self.measure(*unpack(data), training=True)
            # The optimizer adds up the gradients of all devices, each from a mean over its part of the batch.
            loss = self.optimizer.scale_loss(terms["loss"]) / tf.distribute.get_strategy().num_replicas_in_sync
        gradients = tape.gradient(loss, [variable.value for variable in self.trainable_variables])
        self.optimizer.apply(gradients, self.trainable_variables)
        return self.track(terms)

    def test_step(self, data):
        return self.track(self.measure(*unpack(data), training=False))


class TorchStep:
    """Gradients that `backward` leaves at the variables."""

    def train_step(self, data):
        import torch

        self.zero_grad()
        with torch.enable_grad():
            terms = self.measure(*unpack(data), training=True)
            self.optimizer.scale_loss(terms["loss"]).backward()
        gradients = [variable.value.grad for variable in self.trainable_variables]
        with torch.no_grad():
            self.optimizer.apply(gradients, self.trainable_variables)
        return self.track({name: term.detach() for name, term in terms.items()})

    def test_step(self, data):
        return self.track(self.measure(*unpack(data), training=False))


class JaxStep:
    """Gradients of a function without side effects: all variables come in and go out as values."""

    def train_step(self, state, data):
        import jax

        trainable, others, optimizer, metrics = state
        loss_of = jax.value_and_grad(self._measure_stateless, has_aux=True)
        (_, (terms, others)), gradients = loss_of(trainable, others, optimizer, unpack(data), training=True)
        trainable, optimizer = self.optimizer.stateless_apply(optimizer, gradients, trainable)
        logs, metrics = self._track_stateless(terms, metrics)
        return logs, (trainable, others, optimizer, metrics)

    def test_step(self, state, data):
        trainable, others, metrics = state
        _, (terms, others) = self._measure_stateless(trainable, others, None, unpack(data), training=False)
        logs, metrics = self._track_stateless(terms, metrics)
        return logs, (trainable, others, metrics)

    def _measure_stateless(self, trainable, others, optimizer, batch, training):
        """Returns the loss to differentiate, and its terms with the new values of what no gradient reaches."""
        mapping = [*zip(self.trainable_variables, trainable), *zip(self.non_trainable_variables, others)]
        if training:
            mapping += zip(self.optimizer.variables, optimizer)
        with keras.StatelessScope(state_mapping=mapping) as scope:
            terms = self.measure(*batch, training=training)
            loss = self.optimizer.scale_loss(terms["loss"]) if training else terms["loss"]
        others = [scope.get_current_value(variable) for variable in self.non_trainable_variables]
        return loss, (terms, others)

    def _track_stateless(self, terms, metrics):
        with keras.StatelessScope(state_mapping=zip(self.metrics_variables, metrics)) as scope:
            logs = self.track(terms)
        return logs, [scope.get_current_value(variable) for variable in self.metrics_variables]


def unpack(data):
    """`(source, target, sample_weight)` of what `fit` hands over; images alone are their own target."""
    source, target, sample_weight = keras.utils.unpack_x_y_sample_weight(data)
    return source, source if target is None else target, sample_weight


TrainStep = {"tensorflow": TensorFlowStep, "torch": TorchStep, "jax": JaxStep}[keras.backend.backend()]
