"""How well a model does its task: measures of pictures, and reports."""

from psp_keras.lazy import lazy_exports

__getattr__, __dir__, __all__ = lazy_exports(
    __name__,
    {
        "translation_metrics": "TranslationMetrics",
        "translation_report": "average_faces evaluate measure print_summary translate_all write_report",
    },
)
