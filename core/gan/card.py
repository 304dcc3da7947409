"""What the model card of a GAN says."""

from core.i18n import N_
from core.model_card import Figure, ModelCard

CARD = ModelCard(
    "unconditional-image-generation",
    ("gan",),
    (
        Figure(
            "frechet_classifier_distance",
            "frechet_classifier_distance",
            N_(
                "Fréchet distance to the held-out pictures, on the features of a classifier trained on the same "
                "data: lower is better, and comparable only within this data set"
            ),
        ),
        Figure("modes_covered", "modes_covered", N_("classes, or groups of like pictures, that are drawn at all")),
    ),
    (
        N_("It draws what resembles its training pictures, at their size and in shades of gray."),
        N_("It may come near to single training pictures: do not publish one trained on what is private."),
    ),
)
