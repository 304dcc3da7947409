"""The parts of scikit-learn that are used, imported only here, for the reason given in core.backend."""

from sklearn.cluster import KMeans
from sklearn.datasets import load_digits
from sklearn.feature_extraction.text import CountVectorizer, TfidfTransformer, TfidfVectorizer
from sklearn.linear_model import LogisticRegression

__all__ = ["CountVectorizer", "KMeans", "LogisticRegression", "TfidfTransformer", "TfidfVectorizer", "load_digits"]
