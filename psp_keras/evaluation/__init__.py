"""How well a model does its task: measures of pictures, and reports."""

from typing import TYPE_CHECKING

from psp_keras.lazy import lazy_exports

if TYPE_CHECKING:  # what editors see of the names below
    from psp_keras.evaluation.frechet import frechet_distance as frechet_distance
    from psp_keras.evaluation.manifolds import precision_recall as precision_recall
    from psp_keras.evaluation.perceptual_features import pooled_features as pooled_features
    from psp_keras.evaluation.translation_metrics import TranslationMetrics as TranslationMetrics
    from psp_keras.evaluation.translation_report import average_faces as average_faces
    from psp_keras.evaluation.translation_report import evaluate as evaluate
    from psp_keras.evaluation.translation_report import measure as measure
    from psp_keras.evaluation.translation_report import print_summary as print_summary
    from psp_keras.evaluation.translation_report import translate_all as translate_all
    from psp_keras.evaluation.translation_report import write_report as write_report

__getattr__, __dir__, __all__ = lazy_exports(
    __name__,
    {
        "frechet": "frechet_distance",
        "perceptual_features": "pooled_features",
        "manifolds": "precision_recall",
        "translation_metrics": "TranslationMetrics",
        "translation_report": "average_faces evaluate measure print_summary translate_all write_report",
    },
)
