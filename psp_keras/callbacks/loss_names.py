"""What the loss terms are called where people watch them."""


def named_losses(logs):
    """Keras's logs by the names of the published code: `lpips` as `train_loss_lpips`, `val_id` as `test_loss_id`.

    Those of a generator's training, which has no single `loss`, keep their names.
    """
    if "loss" not in (logs or {}):
        return {name: float(value) for name, value in (logs or {}).items()}
    values = {}
    for name, value in logs.items():
        split, term = ("test", name.removeprefix("val_")) if name.startswith("val_") else ("train", name)
        if term == "loss":
            values[f"{split}_loss"] = float(value)
        else:
            values[f"{split}_{'' if term.endswith('improvement') else 'loss_'}{term}"] = float(value)
    return values
