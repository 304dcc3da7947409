"""What the model card of a classifier says."""

from core.i18n import N_
from core.model_card import Figure, ModelCard

CARD = ModelCard(
    "text-classification",
    ("transformer",),
    (
        Figure("test_accuracy", "accuracy", N_("share of right answers on the test part, which decided nothing")),
        Figure("test_macro_f1", "f1", N_("F1 score, mean of the classes, on the test part")),
        Figure(
            "val_accuracy",
            "accuracy",
            N_("share of right answers on the validation part, by which the weights were chosen"),
        ),
    ),
    (
        N_("It knows only its training table's classes and kind of text: of others its answer means little."),
        N_("Its training table may hold the prejudices of those who wrote and labelled it."),
    ),
)
